"""Short load tests: a sustained load on both transports, and connection churn that leaves nothing behind.

The full size is ``python -m tests.faults.load``; ``--help`` lists its options.
"""

import random
from collections.abc import Iterator

import pytest

from tests.support.redis import Redis

from . import churn, sustained
from .office import Servers

CLIENTS, RATE, SECONDS = 400, 20, 8
CONNECTS = 600
SOON = 10_000  # ms, for a busy machine; the full run measures the delay


@pytest.fixture
def servers(request, new_database, on_database) -> Iterator[Servers]:
    """PostgreSQL, Redis and the sites of the test's parameter."""
    url = new_database("postgres")
    on_database(url)
    redis = Redis()
    try:
        with Servers(request.param, url, redis.port) as running:
            yield running
    finally:
        redis.stop()


@pytest.mark.alone
@pytest.mark.timeout(180)
@pytest.mark.parametrize("servers", ["daphne"], indirect=True)
def test_everybody_is_shown_every_event_once_in_order_and_nothing_is_left_of_them(servers):
    report = sustained.run(servers, CLIENTS, RATE, SECONDS)
    print({name: report[name] for name in ("published", "delivery", "memory", "load_average")})  # noqa: T201
    assert report["faults"] == []
    assert sum(came["delivered"] for came in report["delivery"].values()) == CLIENTS * RATE * SECONDS
    assert max(came["p99_ms"] for came in report["delivery"].values()) < SOON


@pytest.mark.alone
@pytest.mark.timeout(180)
@pytest.mark.parametrize("servers", ["gunicorn+daphne"], indirect=True)
def test_clients_that_leave_in_every_way_leave_nothing_behind(servers):
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201
    report = churn.run(servers, CONNECTS, seed)
    print({name: report[name] for name in ("connects", "ways", "seconds", "grown_kb", "log")})  # noqa: T201
    assert report["faults"] == []
    assert not {"Traceback", "never retrieved", "ERROR"} & report["log"].keys()
