"""Work that no caller waits for."""

import sys
import threading

import pytest

import switchover.aside
from switchover.aside import Aside


def test_jobs_are_done_in_turn_by_another_thread():
    aside, done, seen = Aside(), threading.Event(), []

    def job(number):
        seen.append((number, threading.current_thread() is threading.main_thread()))
        if number == 2:
            done.set()

    def failing():
        raise ValueError("whatever")

    assert aside.offer(lambda: job(1))
    assert aside.offer(failing)
    assert aside.offer(lambda: job(2))
    assert done.wait(10)
    assert seen == [(1, False), (2, False)]


def test_more_than_fit_are_refused_at_once():
    aside = Aside(most_waiting=2)
    aside.by_hand = True  # nobody takes any
    assert [aside.offer(lambda: None) for _ in range(3)] == [True, True, False]


def test_what_is_regular_is_done_again_and_again():
    aside, done = Aside(), threading.Semaphore(0)
    aside.every(0.01, done.release)
    aside.start()
    assert all(done.acquire(timeout=10) for _ in range(3))


@pytest.fixture
def hanging():
    """Makes jobs that hang until the test is over, and says when each has begun."""
    ended, begun = threading.Event(), threading.Semaphore(0)

    def hang():
        begun.release()
        ended.wait(30)

    hang.begun = begun
    yield hang
    ended.set()


def test_what_is_regular_does_not_wait_for_a_job_that_hangs(hanging):
    aside, done = Aside(), threading.Semaphore(0)
    aside.every(0.01, done.release)
    aside.offer(hanging)
    assert hanging.begun.acquire(timeout=10)
    assert all(done.acquire(timeout=10) for _ in range(3))


def test_a_job_that_takes_too_long_is_given_up_and_the_next_is_done(hanging):
    aside, given_up, done = Aside(patience=0.1), threading.Event(), threading.Event()
    aside.offer(hanging, given_up.set)
    aside.offer(done.set)
    assert given_up.wait(10)
    assert done.wait(10)


def test_so_many_threads_are_given_up_and_no_more(hanging, monkeypatch):
    monkeypatch.setattr(switchover.aside, "MOST_GIVEN_UP", 2)
    aside, dropped = Aside(patience=0.1), threading.Semaphore(0)
    for _ in range(4):
        aside.offer(hanging, dropped=dropped.release)
    assert all(dropped.acquire(timeout=10) for _ in range(2))
    assert all(hanging.begun.acquire(timeout=10) for _ in range(2))
    assert not hanging.begun.acquire(blocking=False)
    assert not aside.offer(lambda: None)


def test_a_job_that_exits_ends_no_thread():
    aside, done = Aside(), threading.Event()
    aside.offer(sys.exit)
    aside.offer(done.set)
    assert done.wait(10)
