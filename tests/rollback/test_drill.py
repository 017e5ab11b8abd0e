"""Every way between two phases, forwards and back, with people connected and at work: nobody loses anything."""

import itertools
import os
import sys
from dataclasses import asdict

import pytest
from django.conf import settings

from tests import evidence
from tests.support.redis import Redis

from .drill import PHASES, Drill, Outcome, every_way


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
    faults, scripts = outcome.faults(), settings.SCRIPTS_VERSION
    path = evidence.write("rollback-drill", seed=seed, scripts=scripts, faults=faults, **asdict(outcome))
    with capsys.disabled():
        for way in outcome.pairs:
            sys.stdout.write(f"\n{way['from']} to {way['to']}: {way['seconds']} s, all back {way['all_back']} s after")
        talk = {name: value for name, value in outcome.conversations.items() if name != "faults"}
        sys.stdout.write(f"\nin conversations: {talk}")
        told = f"{outcome.changes} changes, {outcome.events} events, connections {dict(outcome.connections)}; {path}"
        sys.stdout.write(f"\n{told}\n")
    assert faults == []


SPOTLESS = {
    "clients": 50,
    "pairs": [{"from": 0, "to": 1, "seconds": 3, "all_back": 1.0}],
    "changes": 600,
    "events": 700,
    "connections": {"sse": 100, "websocket": 100},
}


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        ({"lost": 1}, "1 lost"),
        ({"repeated": 2}, "2 twice"),
        ({"disordered": 3}, "3 out of order"),
        ({"foreign": 4}, "4 to people who may not see them"),
        ({"pairs": [{"from": 4, "to": 2, "seconds": 60, "all_back": 1.0}]}, "4 to 2 took 60 s"),
        ({"changes": 500}, "only 700 events of 500 changes"),
        ({"events": 0}, "only 0 events of 600 changes"),
        ({"conversations": {"faults": ["1 lost at 7 by sse"]}}, "1 lost at 7 by sse"),
        ({"connections": {"sse": 100}}, "only {'sse': 100, 'websocket': 0} connections"),
    ],
)
def test_whatever_must_not_be_is_said(spoil, fault):
    assert Outcome(**SPOTLESS).faults() == []
    assert Outcome(**SPOTLESS | spoil).faults() == [fault]
