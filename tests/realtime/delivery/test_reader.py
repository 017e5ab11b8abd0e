"""Readings on behalf of streams: done once for all who ask, on a few threads."""

import threading
from concurrent.futures import wait

import pytest

from realtime.delivery import reader as module
from realtime.delivery.reader import Reader

SECONDS = 5


@pytest.fixture
def reader():
    made = Reader()
    yield made
    if made._pool:
        made._pool.shutdown(wait=False, cancel_futures=True)


def test_many_who_ask_for_the_same_share_one_reading(reader):
    begun, go_on = threading.Event(), threading.Event()
    readings = []

    def read():
        readings.append(threading.current_thread().name)
        begun.set()
        assert go_on.wait(SECONDS)
        return ("a", "page")

    futures = [reader.submit("page 1", read) for _ in range(50)]
    assert begun.wait(SECONDS)
    futures += [reader.submit("page 1", read) for _ in range(50)]
    go_on.set()
    assert {id(future.result(SECONDS)) for future in futures} == {id(futures[0].result())}
    assert reader.submit("page 1", read).result(SECONDS) == ("a", "page")
    assert len(readings) == 1
    assert readings[0] != threading.current_thread().name


def test_another_key_is_another_reading(reader):
    assert [reader.submit(key, lambda key=key: key).result(SECONDS) for key in (1, 2, 1)] == [1, 2, 1]


def test_a_failed_reading_is_told_and_not_kept(reader):
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        reader.submit("key", fail).result(SECONDS)
    assert reader.submit("key", lambda: "fine").result(SECONDS) == "fine"


def test_those_who_ask_while_a_reading_fails_hear_of_the_same_failure(reader):
    go_on = threading.Event()

    def fail():
        assert go_on.wait(SECONDS)
        raise ZeroDivisionError

    futures = [reader.submit("key", fail) for _ in range(3)]
    go_on.set()
    assert all(isinstance(future.exception(SECONDS), ZeroDivisionError) for future in futures)


def test_only_the_newest_results_are_kept(reader):
    wait([reader.submit(number, lambda: None) for number in range(module.KEPT * 3)], SECONDS)
    assert len(reader._kept) == module.KEPT
    assert list(reader._kept) == list(range(module.KEPT * 2, module.KEPT * 3))


def test_there_are_few_threads_however_many_ask(reader):
    go_on = threading.Event()
    futures = [reader.submit(number, lambda: go_on.wait(SECONDS)) for number in range(100)]
    threads = [thread for thread in threading.enumerate() if thread in reader._pool._threads]
    go_on.set()
    assert len(threads) == module.THREADS
    assert all(future.result(SECONDS) for future in futures)


def test_a_thread_waits_for_a_reading_and_no_longer_than_it_may(reader, monkeypatch):
    monkeypatch.setattr(module, "READ_SECONDS", 0.05)
    go_on = threading.Event()
    slow = reader.submit("slow", lambda: go_on.wait(SECONDS))
    with pytest.raises(TimeoutError, match="a reading took more than"):
        module.result_for_thread(slow)
    go_on.set()
    monkeypatch.setattr(module, "READ_SECONDS", SECONDS)
    assert module.result_for_thread(slow)


def test_many_threads_that_wait_for_one_reading_all_hear_of_its_failure(reader):
    go_on, heard = threading.Event(), []

    def fail() -> None:
        go_on.wait(SECONDS)
        raise ZeroDivisionError

    reading = reader.submit("key", fail)

    def hear() -> None:
        with pytest.raises(ZeroDivisionError):
            module.result_for_thread(reading)
        heard.append(True)

    threads = [threading.Thread(target=hear, daemon=True) for _ in range(50)]
    for thread in threads:
        thread.start()
    go_on.set()
    for thread in threads:
        thread.join(SECONDS)
    assert len(heard) == 50
