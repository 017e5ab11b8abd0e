"""Work that no caller waits for."""

import threading

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
