"""Every way between two phases, forwards and back, with people connected and at work: nobody loses anything."""

import itertools
import os
import sys
from dataclasses import asdict

import pytest

from tests import evidence
from tests.support.redis import Redis

from .drill import PHASES, Drill, every_way


def test_the_walk_goes_from_each_phase_to_each_other_one_once():
    walk = every_way()
    ways = list(itertools.pairwise(walk))
    assert len(ways) == len(set(ways)) == len(PHASES) * (len(PHASES) - 1)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_between_any_two_phases_nothing_is_lost_doubled_or_disordered(
    new_database, on_database, static_root, scratch, capsys
):
    """By the operators' own scripts, on Redis and PostgreSQL; the seconds of each way are printed and kept."""
    seed = int(os.environ.get("DRILL_SEED", "20261120"))
    url = new_database("postgres")
    on_database(url)
    redis = Redis()
    try:
        outcome = Drill(scratch / "drill", url, redis.url, static_root, seed).run(every_way())
    finally:
        redis.stop()
    path = evidence.write("rollback-drill", seed=seed, **asdict(outcome))
    with capsys.disabled():
        for way in outcome.pairs:
            sys.stdout.write(f"\n{way['from']} to {way['to']}: {way['seconds']} s, all back {way['all_back']} s after")
        told = f"{outcome.changes} changes, {outcome.events} events, connections {dict(outcome.connections)}; {path}"
        sys.stdout.write(f"\n{told}\n")
    assert (outcome.lost, outcome.repeated, outcome.disordered, outcome.foreign) == (0, 0, 0, 0)
    assert outcome.events >= outcome.changes > 500
    assert all(way["seconds"] < 60 for way in outcome.pairs)
    assert min(outcome.connections["sse"], outcome.connections["websocket"]) > len(outcome.pairs)
