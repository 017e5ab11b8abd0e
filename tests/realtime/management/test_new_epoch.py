"""`manage.py new_epoch`: what was read of a lost history is told apart for ever."""

import io
import json
import time
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from realtime.log import position, replay
from realtime.log.epochs import GAP
from realtime.log.models import PLACE_LIMIT, Event, LogEpoch
from realtime.log.numbering_postgresql import LOG_LOCK
from realtime.management.commands import new_epoch
from tests.support.epochs import lose_after, said


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, new_database, on_database) -> str:
    """A database of the test's own."""
    on_database(new_database(request.param))
    return request.param


def run(**options) -> str:
    out = io.StringIO()
    call_command("new_epoch", stdout=out, **options)
    return out.getvalue()


def outcome(**options) -> dict:
    return json.loads(run(json=True, **options))


def reset_of(cursor: int) -> str:
    return replay.start(str(cursor)).reset


def test_ids_up_to_the_newest_stay_valid_and_those_above_are_lost(database):
    first, second, third = said(1, 2, 3)
    lose_after(second)
    found = outcome()
    assert (found["cut"], found["all"]) == (second, False)
    assert second + GAP <= found["begins"] < PLACE_LIMIT
    assert found["epoch"] == LogEpoch.objects.latest("id").pk
    [new] = said(4)
    assert new > found["begins"]
    assert [reset_of(one) for one in (first, second, third, new)] == ["", "", replay.LOST, ""]


def test_all_resets_everybody(database):
    first, second = said(1, 2)
    assert outcome(all=True)["cut"] == 0
    newest = replay.head()
    for cursor in (0, first, second):
        assert replay.start(str(cursor))[:2] == (newest, replay.LOST)
    assert reset_of(newest) == ""


def test_it_says_in_words_what_it_has_done(database):
    [last] = said(1)
    words = run()
    epoch = LogEpoch.objects.latest("id")
    assert words == (
        f"Epoch {epoch.pk} of the log has begun: new ids are above {epoch.begins}, those up to {last} stay valid.\n"
    )
    assert run(all=True).endswith(", everybody is reset.\n")


def test_an_event_makes_running_processes_look(database):
    said(1)
    begins = outcome()["begins"]
    at = position.read_numbered()
    assert at.newest > begins
    assert replay.tail(begins, 10)[0].type == "epoch_began"
    assert Event.objects.get(type="epoch_began").audience == []


def test_a_log_in_which_nothing_has_happened_may_begin_one(database):
    assert outcome()["cut"] == 0
    assert said(1)[0] > GAP


def test_twice_is_no_error_and_gives_no_place_twice(database):
    first, second = outcome(), outcome()
    assert second["epoch"] > first["epoch"]
    assert second["begins"] - first["begins"] >= GAP
    assert second["cut"] >= first["begins"]  # above it, once the event of the first one has its place


def test_it_waits_for_whoever_is_numbering(new_database, on_database, postgres, monkeypatch):
    on_database(new_database("postgres"))
    [last] = said(1)
    held = postgres.transaction(connection.settings_dict["NAME"], f"SELECT pg_advisory_xact_lock({LOG_LOCK})")
    held.__enter__()
    tried = []

    def sleep(seconds: float) -> None:
        tried.append(seconds)
        if len(tried) == 3:
            held.__exit__(None, None, None)

    monkeypatch.setattr(new_epoch, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    assert outcome()["cut"] == last
    assert len(tried) >= 3


def test_a_lock_that_stays_taken_is_said_and_nothing_has_begun(new_database, on_database, postgres, monkeypatch):
    monkeypatch.setattr(new_epoch, "LOCK_SECONDS", 0.3)
    on_database(new_database("postgres"))
    said(1)
    before = list(LogEpoch.objects.values())
    database = connection.settings_dict["NAME"]
    with postgres.transaction(database, f"SELECT pg_advisory_xact_lock({LOG_LOCK})"):
        with pytest.raises(CommandError, match="held the lock of the event log") as error:
            run()
        assert error.value.returncode == 1
    assert list(LogEpoch.objects.values()) == before
