"""Token buckets: what they give, how they fill again, and how much they remember."""

import threading

import pytest

from realtime.transports.token_buckets import TokenBuckets


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(buckets: TokenBuckets, key: str, number: int) -> int:
    return sum(not buckets.take(key) for _ in range(number))


def test_so_many_at_once_and_then_so_many_a_second(clock):
    buckets = TokenBuckets(5, 0.5, now=clock)
    assert taken(buckets, "a", 9) == 5
    clock.now += 4
    assert taken(buckets, "a", 9) == 2
    clock.now += 1_000
    assert taken(buckets, "a", 9) == 5


def test_it_says_how_long_to_wait_and_then_there_is_one(clock):
    buckets = TokenBuckets(1, 1 / 60, now=clock)
    assert buckets.take("a") == 0
    assert buckets.take("a") == 60
    clock.now += 59
    assert buckets.take("a") == 1
    clock.now += 1
    assert buckets.take("a") == 0


def test_who_is_refused_does_not_wait_longer_for_having_asked(clock):
    buckets = TokenBuckets(1, 0.1, now=clock)
    buckets.take("a")
    for _ in range(9):
        clock.now += 1
        assert buckets.take("a") >= 1
    clock.now += 1
    assert buckets.take("a") == 0


def test_one_has_nothing_to_do_with_another(clock):
    buckets = TokenBuckets(1, 0.1, now=clock)
    assert taken(buckets, "a", 3) == 1
    assert taken(buckets, "b", 3) == 1


def test_what_is_given_back_can_be_taken_again_and_no_more_than_there_was(clock):
    buckets = TokenBuckets(2, 0.1, now=clock)
    for _ in range(5):
        buckets.take("a")
        buckets.give_back("a")
    buckets.give_back("a")
    assert taken(buckets, "a", 9) == 2


def test_what_is_full_is_forgotten(clock):
    buckets = TokenBuckets(5, 1, now=clock)
    buckets.take("a")
    assert len(buckets) == 1
    buckets.give_back("a")
    assert len(buckets) == 0


def test_any_number_of_keys_takes_bounded_memory_and_the_last_used_are_kept(clock):
    buckets = TokenBuckets(2, 0.0001, keys=100, now=clock)
    buckets.take("in use")
    buckets.take("in use")
    for number in range(10_000):
        buckets.take(number)
        if number % 50 == 0:
            buckets.give_back("in use")
            assert taken(buckets, "in use", 3) == 1
    assert len(buckets) == 100


def test_threads_take_no_more_than_there_is():
    buckets = TokenBuckets(500, 1e-9)
    got: list[int] = []
    threads = [threading.Thread(target=lambda: got.append(taken(buckets, "a", 200))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sum(got) == 500
