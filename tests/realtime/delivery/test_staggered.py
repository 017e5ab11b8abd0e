"""Threads that wait for the same thing: few are awake at once, and none is forgotten."""

import threading
import time

import pytest

from realtime.delivery.staggered import AT_ONCE, StaggeredCondition
from tests.support.ports import wait_until

SECONDS = 10.0
MANY = 100


class Crowd:
    """Threads that wait until ``news`` differs from what they have seen. ``woken`` are those who were told so."""

    def __init__(self, size: int, seconds: float = 30.0) -> None:
        self.relay = StaggeredCondition()
        self.news = 0
        self.woken: list[int] = []
        self.in_vain: list[int] = []
        self.threads = [threading.Thread(target=self._wait, args=(n, seconds), daemon=True) for n in range(size)]
        for thread in self.threads:
            thread.start()

    def _wait(self, number: int, seconds: float) -> None:
        with self.relay:
            told = self.relay.wait_turn(lambda: self.news > 0, seconds)
        (self.woken if told else self.in_vain).append(number)

    def asleep(self) -> int:
        """How many wait and have not been notified."""
        return len(self.relay._waiters)  # type: ignore[attr-defined]

    def settle(self) -> None:
        wait_until(lambda: self.asleep() == len(self.threads), "all wait")

    def tell(self) -> None:
        with self.relay:
            self.news += 1
            self.relay.start()
            self.left_asleep = self.asleep()

    def join(self) -> None:
        for thread in self.threads:
            thread.join(SECONDS)
            assert not thread.is_alive()


def test_few_are_woken_at_once_and_each_wakes_the_next_until_all_have_looked():
    crowd = Crowd(MANY)
    crowd.settle()
    crowd.tell()
    assert crowd.left_asleep == MANY - AT_ONCE
    crowd.join()
    assert sorted(crowd.woken) == list(range(MANY))


def test_who_comes_after_the_news_does_not_wait_and_keeps_nobody_waiting():
    crowd = Crowd(MANY)
    crowd.settle()
    crowd.tell()
    begun = time.monotonic()
    with crowd.relay:
        assert crowd.relay.wait_turn(lambda: True, 30)
    assert time.monotonic() - begun < SECONDS
    crowd.join()
    assert len(crowd.woken) == MANY


def test_one_whose_time_is_over_finds_out_and_the_others_still_wait_their_turn():
    crowd = Crowd(MANY, seconds=0.2)
    crowd.join()
    assert sorted(crowd.in_vain) == list(range(MANY))


@pytest.mark.parametrize("over", [1, 10, 30, 60, 90])
def test_however_many_times_are_over_in_the_middle_of_it_nobody_who_still_waits_is_forgotten(over):
    crowd = Crowd(MANY, seconds=0.3)
    patient = threading.Thread(target=crowd._wait, args=(MANY, 30), daemon=True)
    patient.start()
    crowd.threads.append(patient)
    wait_until(lambda: len(crowd.in_vain) >= over, "some have left, and others are about to")
    crowd.tell()
    crowd.join()
    assert MANY in crowd.woken
    assert len(crowd.woken) + len(crowd.in_vain) == MANY + 1


def test_news_on_the_heels_of_news_reach_everybody():
    crowd = Crowd(MANY)
    crowd.settle()
    seen: list[int] = []

    def again() -> None:
        last = 0
        while last < 20:
            with crowd.relay:
                assert crowd.relay.wait_turn(lambda last=last: crowd.news > last, SECONDS)
                last = crowd.news
        seen.append(last)

    readers = [threading.Thread(target=again, daemon=True) for _ in range(MANY)]
    for reader in readers:
        reader.start()
    for _ in range(20):
        crowd.tell()
    for reader in readers:
        reader.join(SECONDS)
    assert seen == [20] * MANY
    crowd.join()
