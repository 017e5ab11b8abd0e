"""How often a person may write, counted over all processes, or by each alone while Redis is away."""

import time
from collections.abc import Iterator

import pytest
from redis import Redis as Client

from messaging.rates import ANSWER_SECONDS, SharedBuckets, shared_redis
from tests.support.ports import free_port
from tests.support.redis import Redis


@pytest.fixture(scope="module")
def redis() -> Iterator[Client]:
    server = Redis()
    yield Client.from_url(server.url)
    server.stop()


def test_two_processes_share_what_a_person_may_send(redis):
    one, other = (SharedBuckets("shared", 4, 1, redis) for _ in range(2))
    taken = [process.take(7) for process in (one, other) * 2]
    assert taken == [0] * 4
    assert one.take(7) == 1
    assert other.take(7) == 1
    assert other.take(8) == 0, "somebody else"


def test_what_was_refused_elsewhere_costs_nothing_here(redis):
    one, other = (SharedBuckets("refused", 2, 1, redis) for _ in range(2))
    assert [one.take(7), one.take(7), other.take(7)] == [0, 0, 1]
    assert [other._own.take(7) for _ in range(3)] == [0, 0, 1]


def test_a_bucket_fills_up_again_and_is_forgotten_then(redis):
    buckets = SharedBuckets("again", 1, 100, redis)
    assert buckets.take(7) == 0
    assert 0 < redis.pttl("gistagum:rate:again:7") <= 12


@pytest.mark.parametrize("address", ["redis://127.0.0.1:{port}/0", "redis://192.0.2.1:6379/0"])
def test_while_redis_is_away_each_process_counts_alone_and_nobody_waits(settings, caplog, address):
    settings.REDIS_URL = "given"
    hosts = [{"address": address.format(port=free_port())}]
    settings.CHANNEL_LAYERS = {"default": {"CONFIG": {"hosts": hosts}}}
    buckets = SharedBuckets("away", 3, 1, shared_redis())
    began = time.monotonic()
    assert [buckets.take(7) for _ in range(4)] == [0, 0, 0, 1]
    assert time.monotonic() - began < 2 * ANSWER_SECONDS
    assert len(caplog.records) == 1


def test_without_redis_there_is_nothing_to_share(settings):
    settings.REDIS_URL = ""
    assert shared_redis() is None
