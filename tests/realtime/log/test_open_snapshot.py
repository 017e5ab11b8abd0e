"""Numbering beside a transaction that keeps its snapshot for long, as pg_dump does.

Nothing that is deleted meanwhile goes away, so whoever scans the outbox from its beginning reads ever more.
"""

from realtime.log import numbering, numbering_postgresql
from tests.support.sessions import DatabaseSession

from .outbox import numbered, write

EVENTS = 20_000
PAGES = 200  # of the outbox and its index, for one numbering


def pages(session: DatabaseSession) -> int:
    """How many pages of the outbox and its index were read so far, by sessions that have told of it."""
    session.sql("SELECT pg_stat_force_next_flush()")
    [(pages,)] = session.sql(
        "SELECT heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit FROM pg_statio_user_tables "
        "WHERE relname = 'realtime_outboxevent'"
    )
    return pages


def cost(session: DatabaseSession) -> int:
    """How many pages it takes to write and number one event."""
    before = pages(session)
    session(write, 0)
    assert len(session(numbering.number).ids) == 1
    return pages(session) - before


def test_a_numbering_reads_a_bounded_number_of_pages(gate):
    insert = (
        "INSERT INTO realtime_outboxevent (type, fields, audience) "
        "SELECT 'authority_changed', '{\"user_ids\": []}', '[]' FROM generate_series(1, 500)"
    )
    with DatabaseSession() as dump, DatabaseSession() as session:
        dump.begin()
        dump.sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        dump.sql("SELECT count(*) FROM realtime_event")
        costs = []
        for _ in range(EVENTS // 500):
            session.sql(insert)
            if session(numbering.number).scan_lags:
                session(numbering_postgresql.advance_scan)
            costs.append(cost(session))
        assert max(costs) < PAGES, costs
        floor, candidate = session.sql("SELECT floor, candidate FROM realtime_outboxscan")[0]
        assert EVENTS - 3_000 < floor <= candidate
        session.sql("UPDATE realtime_outboxscan SET floor = 0, candidate = 0")
        assert cost(session) > 2 * PAGES, "without the floor it would read everything that was deleted"
        dump.commit()


def test_the_scan_does_not_begin_behind_a_writer_that_has_yet_to_commit(gate):
    """Its rows have lower ids than many that were numbered meanwhile, and are numbered when they appear."""
    with DatabaseSession() as slow, DatabaseSession() as session:
        slow.begin()
        slow(write, 1)
        session(write, *range(2, 1_200))
        session(numbering.number)
        for _ in range(3):
            session(numbering_postgresql.advance_scan)
        slow.commit()
        session(numbering.number)
        assert numbered()[-1] == 1
        for _ in range(3):
            session(numbering_postgresql.advance_scan)
        assert session.sql("SELECT floor FROM realtime_outboxscan") == [(1_199,)]
        session(write, 1_200)
        assert len(session(numbering.number).ids) == 1
