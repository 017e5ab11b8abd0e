"""Tables that were loaded without their sequences (loaddata, TRUNCATE … RESTART IDENTITY) number on all the same."""

import pytest
from django.db import connection

from realtime.log import numbering, numbering_postgresql, position, replay
from realtime.log.models import Event, LogEpoch, OutboxEvent, OutboxScan
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
