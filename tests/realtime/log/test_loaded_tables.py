"""Tables that were loaded without their sequences (loaddata, TRUNCATE … RESTART IDENTITY) number on all the same."""

import pytest
from django.db import connection, transaction

from realtime.log import numbering, numbering_postgresql, position, replay
from realtime.log.events import AuthorityChanged
from realtime.log.models import Event, LogEpoch, LogMark, OutboxEvent, OutboxScan
from realtime.log.publish import Announcement, publish
from tests.support.epochs import said

from .outbox import numbered, write


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_no_place_is_given_below_the_beginning_of_the_epoch(new_database, on_database, database):
    on_database(new_database(database))
    first, *_ = said(1)
    begins = first + 2**40
    LogEpoch.objects.all().delete()
    fingerprint = position.read().fingerprint or ""
    LogEpoch.objects.create(cut=first, begins=begins, fingerprint=fingerprint)
    second, *_ = said(2)
    assert second > begins
    assert replay.head() == second
    assert not position.read().history.is_lost(second)


@pytest.mark.parametrize("looked_at", [False, True], ids=["at once", "after a look"])
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("pruned_to", [0, 501, 700])
def test_a_log_that_was_loaded_without_its_sequence_goes_on_above(
    new_database, on_database, database, pruned_to, looked_at
):
    """Also one that was pruned to its end before."""
    on_database(new_database(database))
    loaded = [pk for pk in (500, 501) if pk > pruned_to]
    Event.objects.bulk_create(Event(pk=pk, type="authority_changed", fields={"user_ids": []}) for pk in loaded)
    LogMark.objects.update_or_create(pk=1, defaults={"pruned_to": pruned_to})
    end = max(501, pruned_to)
    if looked_at:
        assert replay.head() == end
    with transaction.atomic():
        publish(*(Announcement(AuthorityChanged(user_ids=[number]), ()) for number in (1, 2)))
    newest = replay.head()
    assert [frame.id for frame in replay.tail(end, 10)] == [newest - 1, newest]
    assert newest - 1 > end
    assert said(3)[0] > newest


def test_a_scan_floor_of_another_outbox_hides_no_event(new_database, on_database):
    """Also not once the sequence has passed it, for a row that was written below it."""
    on_database(new_database("postgres"))
    write(1)
    numbering.number()
    OutboxScan.objects.create(pk=1, floor=30, candidate=30)
    execute("ALTER SEQUENCE realtime_outboxevent_id_seq RESTART")
    write(2)
    assert numbering_postgresql.move(10).scan_lags
    numbering_postgresql.advance_scan()
    assert OutboxScan.objects.get().floor == 0
    write(*range(3, 13))
    held = OutboxEvent.objects.order_by("pk").last()
    execute("SELECT setval('realtime_outboxevent_id_seq', 40)")
    assert held.pk < 30
    numbering.number()
    assert numbered() == list(range(1, 13))
    assert not OutboxEvent.objects.exists()


def test_on_sqlite_finding_the_end_of_the_log_reads_no_more_than_an_index(new_database, on_database):
    on_database(new_database("sqlite"))
    Event.objects.bulk_create(Event(type="authority_changed", fields={"user_ids": []}) for _ in range(10))
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        said(1)
    looks = [one["sql"] for one in queries if "MAX(at)" in one["sql"] and one["sql"].startswith("SELECT")]
    assert looks
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {looks[0]}")
        plan = [row[-1] for row in cursor.fetchall()]
    assert not [step for step in plan if step.startswith("SCAN realtime_event")], plan
