"""`manage.py prune_events`: the beginning of the log goes, and cursors into it are known to be too old."""

import io
import json
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from realtime.log import replay
from realtime.log.models import Event, LogMark
from realtime.management.commands.prune_events import prune
from realtime.parity.models import Receipt
from tests.support.people import person
from tests.support.reports import link, receive

pytestmark = pytest.mark.django_db

TOO_OLD = "last_event_id is older than the log keeps"


def log(*ages: float) -> list[int]:
    """Writes events that are so many days old; returns their ids."""
    now = timezone.now()
    rows = [Event(type="test", fields={}, at=now - timedelta(days=age)) for age in ages]
    return [row.pk for row in Event.objects.bulk_create(rows)]


def run(**options) -> str:
    out = io.StringIO()
    call_command("prune_events", stdout=out, **options)
    return out.getvalue()


def kept() -> list[int]:
    return list(Event.objects.order_by("id").values_list("id", flat=True))


def test_old_events_go_and_the_others_stay():
    ids = log(30, 8, 7.01, 6.99, 1, 0)
    assert run(days=7) == "3 events older than 7 days deleted, 3 kept.\n"
    assert kept() == ids[3:]
    assert LogMark.objects.get().pruned_to == ids[2]


def test_how_long_events_are_kept_is_a_setting(settings):
    settings.EVENT_RETENTION_DAYS = 3
    ids = log(4, 2)
    run()
    assert kept() == ids[1:]


def test_a_cursor_before_what_is_gone_is_told_to_reset_and_others_go_on():
    ids = log(9, 9, 9, 1, 0)
    for cursor in ids:
        assert replay.start(str(cursor))[:2] == replay.Start(cursor)[:2]
    run(days=7)
    # Whoever has seen the last event that went has missed nothing.
    assert replay.start(str(ids[1]))[:2] == replay.Start(ids[4], TOO_OLD)[:2]
    assert replay.start(str(ids[2]))[:2] == replay.Start(ids[2])[:2]
    assert [frame.id for frame in replay.tail(ids[2], 10)] == ids[3:]
    assert replay.start(str(ids[3]))[:2] == replay.Start(ids[3])[:2]


def test_a_log_that_is_pruned_to_its_end_keeps_its_head():
    ids = log(9, 8)
    run(days=7)
    assert kept() == []
    assert replay.head() == ids[-1]
    assert replay.start(str(ids[-1]))[:2] == replay.Start(ids[-1])[:2]
    assert replay.start(str(ids[0])).reset == TOO_OLD
    assert log(0)[0] > ids[-1]


def test_only_the_beginning_of_the_log_goes():
    ids = log(9, 1, 9, 0)  # a clock that was set back, say
    assert run(days=7).startswith("1 event older")
    assert kept() == ids[1:]
    assert replay.start(str(ids[0]))[:2] == replay.Start(ids[0])[:2]


def test_what_a_clock_that_was_ahead_wrote_does_not_keep_the_log_for_ever():
    ids = log(9, -365, 8, -365, 1, -365)
    assert run(days=7).startswith("3 events older")
    assert kept() == ids[3:]


class TestAClockThatIsAhead:
    """By it everything is old."""

    def test_it_deletes_nothing(self):
        ids = log(9, 1, 0)
        with (
            time_machine.travel(timedelta(days=365)),
            pytest.raises(
                CommandError, match=r"It is 2.* here and 2.* in the database\. Nothing is deleted"
            ) as refused,
        ):
            run(days=7)
        assert refused.value.returncode == 1
        assert kept() == ids
        assert not LogMark.objects.filter(pruned_to__gt=0).exists()

    def test_nor_when_the_database_goes_by_it_as_well_and_nothing_was_written_since(self):
        ids = log(365, 364)
        with pytest.raises(CommandError, match=r"The log says nothing from .* to .*--trust-clock"):
            run(days=7)
        assert kept() == ids

    def test_nor_when_the_site_has_been_at_work_since(self):
        ids = log(366, 365, 0.1, 0)
        with pytest.raises(CommandError, match="The log says nothing from"):
            run(days=7)
        assert kept() == ids

    def test_a_dry_run_says_so_too(self):
        log(365)
        with pytest.raises(CommandError, match="The log says nothing from"):
            run(days=7, dry_run=True)

    def test_an_office_that_was_closed_for_so_long_says_that_the_clock_is_right(self):
        ids = log(32, 31, 0)
        with pytest.raises(CommandError):
            run(days=7)
        assert run(days=7, trust_clock=True).startswith("2 events older")
        assert kept() == ids[2:]
        assert run(days=7).startswith("0 events older")

    def test_a_long_holiday_is_no_doubt(self):
        ids = log(29, 28, 0)
        assert run(days=7).startswith("2 events older")
        assert kept() == ids[2:]


def test_nothing_to_prune_is_no_fault():
    assert run(days=7) == "0 events older than 7 days deleted, 0 kept.\n"
    ids = log(1)
    assert run(days=7) == "0 events older than 7 days deleted, 1 kept.\n"
    assert replay.start(str(ids[0] - 1))[:2] == replay.Start(ids[0] - 1)[:2]


def test_running_twice_is_harmless_and_the_mark_never_goes_back():
    ids = log(9, 8, 0)
    run(days=7)
    run(days=7)
    LogMark.objects.update(pruned_to=ids[2] + 5)
    prune(ids[2])
    assert LogMark.objects.get().pruned_to == ids[2] + 5


def test_batches_are_transactions_of_their_own():
    ids = log(*[9] * 7, 0)
    with CaptureQueriesContext(connection) as queries:
        assert prune(ids[6], batch=3) == 7
    marks = [query["sql"] for query in queries if query["sql"].startswith('UPDATE "realtime_logmark"')]
    assert [str(ids[index]) in sql for index, sql in zip((2, 5, 6), marks, strict=True)] == [True] * 3
    assert kept() == ids[7:]


def test_an_interrupted_pruning_has_raised_the_mark_as_far_as_it_went(monkeypatch):
    ids = log(*[9] * 6)
    saves = []

    def failing(self, *args, **kwargs):
        saves.append(self.pruned_to)
        if len(saves) == 2:
            raise KeyboardInterrupt
        return super(LogMark, self).save(*args, **kwargs)

    LogMark.objects.create(pk=1)
    monkeypatch.setattr(LogMark, "save", failing)
    with pytest.raises(KeyboardInterrupt):
        prune(ids[-1], batch=2)
    assert kept() == ids[2:]
    assert LogMark.objects.get().pruned_to == ids[1]


def test_a_dry_run_deletes_nothing():
    ids = log(9, 0)
    assert run(days=7, dry_run=True) == "1 event older than 7 days would be deleted, 1 kept.\n"
    assert kept() == ids
    assert not LogMark.objects.filter(pruned_to__gt=0).exists()


def test_scripts_can_read_the_outcome():
    ids = log(9, 0)
    outcome = {"dry_run": False, "days": 7, "deleted": 1, "kept": 1, "pruned_to": ids[0], "reports": 0}
    assert json.loads(run(days=7, json=True)) == outcome


@pytest.mark.parametrize("days", ["0", "-1", "many", "1.5", "99999"])
def test_days_that_are_no_days_are_wrong_usage(days):
    with pytest.raises(CommandError, match="whole number from 1 to 3650"):
        call_command("prune_events", "--days", days)


def test_a_link_that_lives_on_keeps_only_receipts_for_events_that_there_are():
    """A page may be open for months: what it has reported must not grow all that time."""
    ids = log(30, 8, 1, 0)
    old = link(person(), "websocket", ids, opened_at=timezone.now() - timedelta(days=40))
    young = link(person(), "websocket", ids)
    receive(old, ids)
    receive(young, ids[2:])
    run(dry_run=True)
    assert Receipt.objects.count() == 6
    run()
    assert list(old.receipts.order_by("position").values_list("event_id", flat=True)) == ids[2:]
    assert young.receipts.count() == 2
