"""The benchmark of concurrent writers: it counts what is in the log, and does not believe a build that loses events."""

from contextlib import closing, contextmanager

import psycopg
import pytest

from benchmarks.measures.writers import CASES, measure
from benchmarks.process import ROOT, Failed
from benchmarks.writers.stage import DELAY, WritersStage

pytestmark = pytest.mark.servers

WRITERS = 2
SECONDS = 0.3
BY_NAME = {case.name: case for case in CASES}
LOSE_EACH_SEVENTH = """
    CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN DELETE FROM realtime_event WHERE id = NEW.id AND id % 7 = 0; RETURN NULL; END$$;
    CREATE TRIGGER lose AFTER INSERT ON realtime_event FOR EACH ROW EXECUTE FUNCTION lose()
"""
LOSE_NONE = "DROP FUNCTION lose CASCADE"


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """The builds, of which the one beside has the same code."""
    with closing(WritersStage(tmp_path_factory.mktemp("writers"), WRITERS, beside=ROOT)) as running:
        running.start()
        yield running


@contextmanager
def changed(build, change: str, back: str):
    """Within this block, a build's database is changed by this SQL. The other SQL undoes it."""
    with psycopg.connect(build.url, autocommit=True) as connection:
        connection.execute(change)
        try:
            yield connection
        finally:
            connection.execute(back)


@pytest.mark.parametrize("name", ["ours", "beside", "plain"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_event_of_every_transaction_is_counted(stage, case, name):
    build = stage.builds[name]
    before = build.newest()
    values = measure(stage, case, SECONDS, name)
    assert build.count(before) >= case.events * values["a_second"] * SECONDS > 0
    assert build.count(before) % case.events == 0
    assert 0 < values["p50_ms"] <= values["p99_ms"]


def test_delayed_commits_are_flushed_one_delay_after_the_other(stage):
    delayed = measure(stage, BY_NAME["writers-publish-delayed"], SECONDS, "plain")
    flushes = SECONDS * 1_000_000 / int(DELAY) + 3  # at the edges, and by PostgreSQL's own processes
    assert delayed["a_second"] <= flushes * WRITERS / SECONDS


def test_the_lag_is_the_time_from_the_writing_to_the_place_in_the_log(stage):
    build = stage.builds["plain"]
    assert build.lag(0) == {}
    column = "bench_event ADD written_at timestamptz", "bench_event DROP written_at"
    with changed(build, *(f"ALTER TABLE {one}" for one in column)) as connection:
        connection.execute("UPDATE bench_event SET written_at = at - interval '40 ms'")
        assert build.lag(0) == {"lag_p50_ms": 40.0, "lag_p99_ms": 40.0}


def test_a_build_that_loses_events_fails(stage, monkeypatch):
    monkeypatch.setattr("benchmarks.measures.writers.SETTLE_SECONDS", 0.5)
    wanted = pytest.raises(Failed, match=r"(\d+) events were committed, and (?!\1)\d+ are in the log")
    with changed(stage.builds["beside"], LOSE_EACH_SEVENTH, LOSE_NONE), wanted:
        measure(stage, BY_NAME["writers-save"], SECONDS, "beside")
