"""The circuit breaker: a storage that is down is asked by one request in five seconds, and nobody else waits."""

import threading

from comm_service.documents.availability import REMEMBERED_SECONDS, Availability


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_an_answer_is_remembered_for_a_while():
    clock, answers = Clock(), iter([False, True])
    available = Availability(lambda: next(answers), clock)
    assert [available() for _ in range(3)] == [False, False, False]
    clock.now += REMEMBERED_SECONDS
    assert [available() for _ in range(3)] == [True, True, True]


def test_while_one_asks_the_others_take_the_answer_before():
    clock = Clock()
    asked, go_on = threading.Event(), threading.Event()
    waits = False

    def ask():
        if waits:
            asked.set()
            assert go_on.wait(10)
            return False
        return True

    available = Availability(ask, clock)
    assert available()
    clock.now += REMEMBERED_SECONDS
    waits = True
    thread = threading.Thread(target=available)
    thread.start()
    assert asked.wait(10)
    assert available()
    go_on.set()
    thread.join(10)
    assert not available()


def test_what_failed_elsewhere_counts_at_once():
    available = Availability(lambda: True, Clock())
    assert available()
    available.failed()
    assert not available()
