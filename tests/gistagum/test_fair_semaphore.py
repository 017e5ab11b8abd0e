"""Whoever waits for a semaphore has it in the order in which they came, and leaves the queue when they give up."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

from gistagum.fair_semaphore import FairSemaphore
from tests.support.ports import wait_until


def taken(number: int = 1) -> FairSemaphore:
    semaphore = FairSemaphore(number)
    assert all(semaphore.acquire(0) for _ in range(number))
    return semaphore


def test_no_more_threads_than_its_number_hold_it():
    semaphore = taken(3)
    assert not semaphore.acquire(0)
    semaphore.release()
    assert semaphore.acquire(0)
    assert not semaphore.acquire(0)


def test_who_waits_has_it_in_the_order_in_which_they_came():
    semaphore, order = taken(), list[int]()
    has = [threading.Event() for _ in range(5)]

    def wait(number: int) -> bool:
        held = semaphore.acquire(30)
        order.append(number)
        has[number].set()
        return held

    with ThreadPoolExecutor(5) as threads:
        waiting: list[Future[bool]] = []
        for number in range(5):
            waiting.append(threads.submit(wait, number))
            wait_until(lambda number=number: semaphore.waiting == number + 1, "it waits")
        for number in range(5):
            semaphore.release()
            assert has[number].wait(10)
            assert not semaphore.acquire(0)  # whoever comes late passes nobody
        assert all(one.result() for one in waiting)
    assert order == [0, 1, 2, 3, 4]


def test_who_gives_up_leaves_the_queue():
    semaphore = taken()
    assert not semaphore.acquire(0.01)
    assert not semaphore.waiting
    semaphore.release()
    assert semaphore.acquire(0)


def test_who_waits_in_vain_gives_up_at_the_next_look(monkeypatch):
    monkeypatch.setattr("gistagum.fair_semaphore.LOOK_SECONDS", 0.01)
    semaphore, waited = taken(), list[float]()
    assert not semaphore.acquire(30, lambda seconds: bool(waited.append(seconds)) or len(waited) == 3)
    assert waited == sorted(waited)
    assert len(waited) == 3
    assert not semaphore.waiting


def test_a_turn_that_comes_while_its_thread_gives_up_is_not_lost():
    semaphore = taken()

    def give_up(seconds: float) -> bool:
        semaphore.release()  # the turn comes in this very moment
        return True

    assert semaphore.acquire(0.6, give_up)
    assert not semaphore.acquire(0)
