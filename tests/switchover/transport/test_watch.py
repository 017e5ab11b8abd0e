"""``manage.py watch_rollout``: WebSocket is taken away by itself, never for want of data, and never given back."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from projeng import inbox
from projeng.access import Role
from realtime.log.models import Event
from realtime.parity.models import LinkReport, Receipt
from realtime.rollout.models import RolloutWatch, TransportChange, TransportHold
from switchover.management.commands import watch_rollout
from switchover.transport import demotions, transport, watch
from switchover.transport.report import measure
from tests.support.people import person
from tests.support.ports import wait_until
from tests.support.reports import link, receive
from tests.support.site import ROOT

pytestmark = pytest.mark.django_db
NOW = timedelta()


@pytest.fixture(autouse=True)
def _limits(settings):
    settings.ROLLOUT_STRIKES = 3
    settings.ROLLOUT_MIN_CONNECTIONS = settings.ROLLOUT_MIN_EVENTS = 2


@pytest.fixture
def head():
    return person(Role.HEAD)


def something_happens(head, *, missing: bool = False, failed: bool = False, delay_ms: int = 100) -> None:
    """Three events, and two connections over which they come."""
    before = Event.objects.latest("pk").pk
    for _ in range(3):
        inbox.send([head], "Something")
    ids = list(Event.objects.filter(pk__gt=before, type="notification").order_by("pk").values_list("pk", flat=True))
    opened_at = Event.objects.get(pk=ids[0]).written_at  # ``at`` stays ahead after a clock that was
    receive(link(head, "websocket", ids, opened_at=opened_at), ids[missing:], delay_ms=delay_ms)
    again = {"worked_at": None, "ended_at": timezone.now(), "reason": "blocked"} if failed else {}
    link(head, "websocket", [], opened_at=opened_at, **again)


def strikes() -> list[int]:
    found = dict(RolloutWatch.objects.values_list("name", "strikes"))
    return [found["failed connections in percent"], found["missing events"], found["p99 in ms"]]


def held() -> bool:
    return TransportHold.objects.filter(scope=transport.ALL).exists()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"failed": True}, "failed connections in percent: 50 (of 2, 1 person hit) is over the limit of 5"),
        ({"missing": True}, "missing events: 1 (of 3, 1 person hit) is over the limit of 0"),
        ({"delay_ms": 3001}, "p99 in ms: 3001 (of 3, 1 person hit) is over the limit of 3000"),
    ],
)
def test_a_limit_that_is_broken_three_times_in_a_row_takes_websocket_away_and_the_record_says_why(head, fault, reason):
    for _ in range(2):
        something_happens(head, **fault)
        assert watch.look(NOW).verdict == "bad"
        assert not held()
    something_happens(head, **fault)
    look = watch.look(NOW)
    assert look.demoted == f"{reason}, 3 times in a row"
    change = TransportChange.objects.get()
    assert (change.action, change.scope, change.by, change.reason) == (
        "take",
        "all",
        "manage.py watch_rollout",
        look.demoted,
    )
    assert held()
    assert Event.objects.filter(type="transport_changed").exists()


def test_one_good_look_in_between_begins_the_row_anew(head, monkeypatch):
    monkeypatch.setattr(watch, "REPORTED_WITHIN", NOW)
    for _ in range(2):
        something_happens(head, missing=True)
        watch.look(NOW)
    assert strikes() == [0, 2, 0]
    something_happens(head)
    assert watch.look(NOW).verdict == "good"
    assert strikes() == [0, 0, 0]
    for _ in range(2):
        something_happens(head, missing=True)
        watch.look(NOW)
    assert not held()


def test_faults_of_different_kinds_are_no_row(head, monkeypatch):
    monkeypatch.setattr(watch, "REPORTED_WITHIN", NOW)
    for fault in ({"missing": True}, {"failed": True}, {"delay_ms": 9000}, {"missing": True}):
        something_happens(head, **fault)
        watch.look(NOW)
    assert strikes() == [0, 1, 0]
    assert not held()


def test_too_little_data_is_neither_a_strike_nor_the_end_of_a_row(head, settings):
    for _ in range(2):
        something_happens(head, delay_ms=9000)
        watch.look(NOW)
    for _ in range(5):
        assert watch.look(NOW).verdict == "not enough data"
    assert strikes() == [0, 0, 2]
    settings.ROLLOUT_MIN_EVENTS = 10
    something_happens(head, delay_ms=9000)
    watch.look(NOW)
    assert not held()


def test_data_gathers_until_there_is_enough(head, settings):
    settings.ROLLOUT_MIN_EVENTS = 9
    for expected in (0, 0, 1):
        something_happens(head, delay_ms=9000)
        watch.look(NOW)
        assert strikes()[2] == expected


def test_no_two_looks_judge_the_same(head):
    something_happens(head, missing=True)
    assert watch.look(NOW).verdict == "bad"
    for _ in range(4):
        assert watch.look(NOW).verdict == "not enough data"
    assert strikes() == [0, 1, 0]


def test_what_browsers_have_yet_to_report_is_left_for_the_next_look(head):
    something_happens(head, missing=True)
    assert watch.look(timedelta(seconds=30)).verdict == "not enough data"
    Event.objects.update(at=timezone.now() - timedelta(seconds=31))
    LinkReport.objects.update(opened_at=timezone.now() - timedelta(seconds=31))
    assert watch.look(timedelta(seconds=30)).verdict == "bad"


def test_what_happened_by_other_transports_is_not_judged(head):
    something_happens(head, missing=True, failed=True)
    LinkReport.objects.update(transport="sse")
    assert watch.look(NOW).verdict == "not enough data"


def test_a_server_that_was_away_is_no_fault_of_the_transport(head):
    for _ in range(3):
        something_happens(head, failed=True)
        away = {"worked_at": None, "ended_at": timezone.now(), "reason": "unreachable"}
        link(head, "sse", [], opened_at=timezone.now(), **away)
        watch.look(NOW)
    assert strikes()[0] == 0
    assert not held()


def test_while_websocket_is_taken_away_nothing_is_judged_and_it_is_never_given_back(head):
    demotions.demote(transport.ALL, "", reason="the proxy", by="somebody")
    for _ in range(3):
        something_happens(head)
        look = watch.look(NOW)
        assert look.held == "the proxy"
        assert "nothing to judge" in look.line()
    assert held()
    assert TransportChange.objects.count() == 1


def test_what_was_before_it_was_given_back_is_not_held_against_it(head):
    for _ in range(3):
        something_happens(head, missing=True)
        watch.look(NOW)
    something_happens(head, missing=True)
    demotions.restore(transport.ALL, "", reason="mended", by="somebody")
    assert watch.look(NOW).verdict == "not enough data"
    assert strikes() == [0, 0, 0]
    assert not held()


def test_a_hold_by_hand_between_two_looks_begins_anew_as_well(head):
    something_happens(head, missing=True)
    demotions.demote(transport.ALL, "", reason="by hand", by="somebody")
    demotions.restore(transport.ALL, "", reason="mended", by="somebody")
    assert watch.look(NOW).verdict == "not enough data"


def test_of_two_watches_at_once_one_counts(head, monkeypatch):
    watch.look(NOW)
    something_happens(head, missing=True)
    measured = watch.measure

    def meanwhile(*args, **kwargs):
        monkeypatch.setattr(watch, "measure", measured)
        watch.look(NOW)
        return measured(*args, **kwargs)

    monkeypatch.setattr(watch, "measure", meanwhile)
    watch.look(NOW)
    assert strikes() == [0, 1, 0]


def test_the_first_look_goes_back_an_hour(head):
    something_happens(head, missing=True)
    Event.objects.update(at=timezone.now() - timedelta(minutes=59))
    assert watch.look(NOW).verdict == "bad"


# --- the command ------------------------------------------------------------------------------------------------


def test_strikes_are_kept_between_runs_and_each_look_is_a_line(head, capsys):
    for number in range(1, 4):
        something_happens(head, missing=True)
        call_command("watch_rollout", "--once", "--settle", "0")
        line = capsys.readouterr().out
        assert line.count("\n") == 1
        assert ("taken away" in line) == (number == 3)
        assert held() == (number == 3)


def test_scripts_can_read_a_look(head, capsys):
    something_happens(head, missing=True)
    call_command("watch_rollout", "--once", "--settle", "0", "--json")
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["demoted"], found["held"]) == ("bad", "", None)
    assert [check["strikes"] for check in found["checks"]] == [0, 1, 0]


@pytest.mark.parametrize("fault", [OperationalError("the connection is closed"), InterfaceError("gone")])
def test_a_database_that_is_away_ends_one_look_and_not_the_watch(capsys, monkeypatch, fault):
    looks = iter([fault, fault, None])
    real = watch.look

    def look(settle):
        if raised := next(looks, None):
            raise raised
        os.kill(os.getpid(), signal.SIGTERM)
        return real(settle)

    monkeypatch.setattr(watch_rollout, "look", look)
    call_command("watch_rollout", "--every", "1")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert f"no look: the database refused: {fault}" in lines[0]
    assert "not enough data" in lines[2]


def test_a_single_look_at_a_database_that_is_away_is_a_fault(monkeypatch):
    def look(settle):
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(watch_rollout, "look", look)
    with pytest.raises(CommandError, match="The database refused"):
        call_command("watch_rollout", "--once")


def test_as_a_process_it_waits_for_its_database_and_ends_at_once_when_told_to(new_database, tmp_path):
    database = tmp_path / "office.sqlite3"
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{database}",
        "DJANGO_SETTINGS_MODULE": "gistagum.settings",
    }
    output = tmp_path / "output"
    with output.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "watch_rollout", "--every", "1"],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: "no look: the database refused" in output.read_text(), "it says that it cannot look", 30)
        shutil.copy(new_database("sqlite").removeprefix("sqlite:///"), database)
        wait_until(lambda: "not enough data" in output.read_text(), "it looks", 15)
        process.terminate()
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in output.read_text()


def test_receipts_go_with_their_links(head):
    something_happens(head)
    LinkReport.objects.update(reported_at=timezone.now() - timedelta(days=8))
    kept = link(head, "sse", [])
    call_command("prune_events", verbosity=0)
    assert list(LinkReport.objects.all()) == [kept]
    assert not Receipt.objects.exists()


# --- what the watch must neither overlook nor take for a fault -----------------------------------------------------


def test_a_missing_event_that_is_told_of_minutes_later_counts_though_others_are_well(head):
    """A quiet browser tells that its cursor moved every few minutes only; the others' good reports come meanwhile."""
    quiet = person(Role.HEAD)
    inbox.send([quiet], "Never arrives")
    [lost] = Event.objects.filter(type="notification", audience=[f"user:{quiet.pk}"]).values_list("pk", flat=True)
    one = link(quiet, "websocket", [lost], cursor_to=lost - 1)
    something_happens(head)
    assert watch.look(NOW).verdict == "good"
    LinkReport.objects.filter(pk=one.pk).update(cursor_to=lost, heard_at=timezone.now(), reported_at=timezone.now())
    something_happens(head)
    assert watch.look(NOW).verdict == "bad"
    assert strikes() == [0, 1, 0]


def test_what_arrives_after_it_was_looked_at_is_late_all_the_same(head):
    quiet = person(Role.HEAD)
    inbox.send([quiet], "Comes after a minute")
    [slow] = Event.objects.filter(type="notification", audience=[f"user:{quiet.pk}"]).values_list("pk", flat=True)
    one = link(quiet, "websocket", [slow], cursor_to=slow - 1)
    something_happens(head)
    assert watch.look(NOW).verdict == "good"
    LinkReport.objects.filter(pk=one.pk).update(cursor_to=slow, reported_at=timezone.now())
    receive(one, [slow], delay_ms=60_000)
    something_happens(head)
    watch.look(NOW)
    assert strikes() == [0, 0, 1]


def test_good_minutes_end_a_row_only_when_nobody_can_tell_of_them_any_more(head, monkeypatch):
    something_happens(head, missing=True)
    watch.look(NOW)
    something_happens(head)
    for _ in range(3):
        assert watch.look(NOW).verdict in {"good", "not enough data"}
    assert strikes() == [0, 1, 0]
    real = timezone.now
    monkeypatch.setattr(watch.timezone, "now", lambda: real() + watch.REPORTED_WITHIN)
    assert watch.look(NOW).verdict in {"good", "not enough data"}
    assert strikes() == [0, 0, 0]


def test_a_server_that_was_away_is_not_held_against_websocket(head):
    """A browser cannot tell a refused socket from a server that is down; the stream that it tries next can."""
    something_happens(head, failed=True)
    link(head, "sse", [], worked_at=None, ended_at=timezone.now(), reason="unreachable")
    LinkReport.objects.update(opened_at=timezone.now() - timedelta(seconds=1))
    watch.look(NOW)
    assert strikes()[0] == 0


def test_a_proxy_that_lets_sockets_open_and_swallows_what_follows_is_noticed(head):
    something_happens(head)
    assert watch.look(NOW).verdict == "good"  # they opened, and nobody can know yet
    LinkReport.objects.filter(transport="websocket").update(ended_at=timezone.now(), reason="silent")
    link(head, "sse", [], opened_at=timezone.now())
    watch.look(NOW)
    assert strikes()[0] == 1


def test_a_window_with_more_links_than_a_query_may_name_is_measured(head):
    something_happens(head)
    connection.ensure_connection()
    limit = connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 20)
    try:
        now = timezone.now()
        for _ in range(25):
            link(head, "sse", [])
        assert measure(now - timedelta(hours=1), timezone.now()).tallies["websocket"].delivered == 3
    finally:
        connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, limit)


def test_a_clock_that_was_ahead_does_not_make_it_blind(head):
    something_happens(head)
    with time_machine.travel(timedelta(days=365)):
        watch.look(NOW)
        demotions.demote(transport.ALL, "", reason="a trial", by="somebody")
        demotions.restore(transport.ALL, "", reason="over", by="somebody")
    assert RolloutWatch.objects.filter(judged_to__gt=timezone.now()).exists()
    watch.look(NOW)
    something_happens(head, missing=True)
    watch.look(NOW)
    assert strikes() == [0, 1, 0]
