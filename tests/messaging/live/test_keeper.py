"""The thread that keeps presence: there while somebody is, and not ended by a database that is away."""

import threading

import pytest
from django.db import OperationalError

from messaging.live import keeper as module
from messaging.live.keeper import PresenceKeeper
from tests.support.ports import wait_until


class Store:
    """Takes the place of the database."""

    def __init__(self) -> None:
        self.changes: list[tuple] = []
        self.left = threading.Event()
        self.away = False

    def change(self, arrived=(), left=()) -> None:
        if self.away:
            raise OperationalError("away")
        self.changes.append((list(arrived), list(left)))

    def renew(self) -> tuple[bool, bool]:
        return True, False

    def leave(self) -> None:
        self.left.set()


@pytest.fixture
def store(monkeypatch) -> Store:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.05)
    return Store()


def test_the_thread_goes_with_the_last_person_and_comes_back_with_the_next(store):
    connected = {1}
    keeper = PresenceKeeper(lambda: set(connected), store)
    for _ in range(2):
        connected.add(1)
        keeper.start()
        keeper.start()
        thread = keeper._thread
        wait_until(lambda: store.changes and store.changes[-1] == ([1], []), "they are there")
        connected.clear()
        thread.join(5)
        assert not thread.is_alive()
        assert store.changes[-1] == ([], [1])
        assert store.left.is_set()
        store.left.clear()
    assert store.changes == [([1], []), ([], [1])] * 2


def test_somebody_who_comes_while_the_database_is_away_is_told_when_it_is_back(store, caplog):
    connected = {1}
    store.away = True
    keeper = PresenceKeeper(lambda: set(connected), store)
    keeper.start()
    thread = keeper._thread
    wait_until(lambda: "cannot say who is online: away" in caplog.text, "it is said")
    store.away = False
    wait_until(lambda: store.changes == [([1], [])], "they are told")
    connected.clear()
    thread.join(5)
    assert not thread.is_alive()
    assert caplog.text.count("cannot say who is online") == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_that_ends_the_thread_does_not_keep_the_next_one_from_starting(store, monkeypatch):
    def fails(arrived=(), left=()):
        raise OverflowError

    connected = {1}
    keeper = PresenceKeeper(lambda: set(connected), store)
    with monkeypatch.context() as broken:
        broken.setattr(store, "change", fails)
        keeper.start()
        thread = keeper._thread
        thread.join(5)
    assert not thread.is_alive()
    keeper.start()
    wait_until(lambda: store.changes == [([1], [])], "they are told")
    thread = keeper._thread
    connected.clear()
    thread.join(5)
    assert not thread.is_alive()


def test_whoever_polls_starts_it(store, monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 0.05)
    keeper = PresenceKeeper(set, store)
    keeper.polled(7)
    keeper._thread.join(5)
    assert store.changes == [([7], []), ([], [7])]


def test_a_server_that_stops_starts_no_thread(store, monkeypatch):
    monkeypatch.setattr(module.hub, "closing", True)
    keeper = PresenceKeeper(lambda: {1}, store)
    keeper.start()
    assert keeper._thread is None
