"""Readings of the present state: how few there are, however many ask, and that nobody is shown an old one."""

import threading

import pytest

from realtime.access.authority import Viewer
from realtime.delivery import snapshots as module
from realtime.delivery.reader import THREADS, Reader
from realtime.delivery.snapshots import SnapshotCache, SnapshotRequest, State

SECONDS = 5


def viewer(user_id: int, *keys: str) -> Viewer:
    return Viewer(user_id, frozenset(keys), "")


class Office:
    """A log that the test moves, a clock that it moves, and a state that says what it was asked for."""

    def __init__(self) -> None:
        self.cursor, self.now = 10, 100.0
        self.read: list[object] = []
        self.state = State("of all", lambda frame: None, self._read, scope=lambda viewer: viewer.keys)
        self.snapshots = SnapshotCache(lambda: self.cursor)

    def monotonic(self) -> float:
        return self.now

    def _read(self, viewer, subjects):
        self.read.append(subjects)
        return [{"type": "state", "subjects": sorted(subjects or ())}]

    def ask(self, subjects, since, user_id=1, keys=("projects",), read_from=0.0):
        wanted = None if subjects is None else frozenset(subjects)
        return self.snapshots.request(SnapshotRequest(self.state, viewer(user_id, *keys), wanted, since, read_from))


@pytest.fixture
def office(monkeypatch) -> Office:
    made = Office()
    monkeypatch.setattr(module, "time", made)
    return made


def test_while_all_threads_are_busy_thousands_who_ask_at_different_places_wait_for_one_reading(office):
    """Each event moves the cursor; with a reading for each place, those who waited would wait ever longer."""
    reader, go_on = Reader(), threading.Event()
    busy = [reader.submit(None, lambda: go_on.wait(SECONDS)) for _ in range(THREADS)]
    futures = []
    for number in range(1_000):
        office.cursor += number % 3
        reading = office.ask({number % 20}, since=office.cursor - number % 2, user_id=number)
        futures.append(reader.submit(reading.key, reading))
    go_on.set()
    assert all(one.result(SECONDS) for one in busy)
    assert {id(one.result(SECONDS)) for one in futures} == {id(futures[0].result())}
    assert office.read == [frozenset(range(20))]


def test_one_that_has_begun_serves_those_who_stand_where_it_began_or_before(office):
    first = office.ask({1, 2}, since=9)
    first()
    assert office.ask({2}, since=10) is first
    assert office.ask(set(), since=3) is first
    assert office.read == [frozenset({1, 2})]


@pytest.mark.parametrize(
    ("subjects", "since", "keys"),
    [({1}, 11, ("projects",)), ({1, 3}, 10, ("projects",)), ({1}, 10, ("project:7",)), (None, 10, ("projects",))],
    ids=["further on", "of something else", "with other rights", "of all there is"],
)
def test_it_does_not_serve_who_needs_another(office, subjects, since, keys):
    first = office.ask({1, 2}, since=10)
    first()
    assert office.ask(subjects, since, keys=keys) is not first


def test_it_does_not_serve_for_long(office):
    first = office.ask({1}, since=10)
    first()
    office.now += module.FRESH_SECONDS
    assert office.ask({1}, since=10) is not first


def test_nothing_is_added_to_one_that_has_begun(office):
    first = office.ask({1}, since=10)
    first()
    office.cursor = 12
    second = office.ask({5}, since=12)
    second()
    assert office.read == [frozenset({1}), frozenset({5})]


def test_who_stands_ahead_of_this_process_is_shown_what_is_not_older_than_that(office):
    """They were told more elsewhere; whatever begins after they have asked holds it."""
    first = office.ask({1}, since=15)
    first()
    assert office.ask({1}, since=15) is first
    assert office.ask({1}, since=16) is not first


def test_who_came_while_events_had_no_place_is_shown_nothing_that_was_read_before(office):
    """The cursor has not moved, and yet something has changed."""
    first = office.ask({1}, since=10)
    first()
    came = office.now + module.FRESH_SECONDS / 2
    office.now = came
    assert office.ask({1}, since=10) is first
    second = office.ask({1}, since=10, read_from=came)
    assert second is not first
    second()
    assert office.ask({1}, since=10, read_from=came) is second


def test_what_is_remembered_is_bounded(office, monkeypatch):
    monkeypatch.setattr(module, "SCOPES", 10)
    for number in range(100):
        office.ask({1}, since=10, keys=(f"user:{number}",))
    assert len(office.snapshots._newest) == 10
