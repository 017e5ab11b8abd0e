"""Several pictures are decoded at once, within the pixels of one; nobody is overtaken, and nobody holds others up."""

import threading
from collections.abc import Hashable
from contextlib import ExitStack

import pytest

from messaging.attachments.room import AT_ONCE, Busy, Room
from tests.support.ports import wait_until

MOST = 1_000
SECONDS = 30.0


class Picture:
    """A picture that waits for room on a thread, has it until ``leave``, and says what became of it."""

    def __init__(self, room: Room, pixels: int, owner: Hashable | None = None, seconds: float = SECONDS) -> None:
        self.state = "waiting"
        self._leaves = threading.Event()
        self._thread = threading.Thread(target=self._run, args=[room, pixels, owner, seconds])
        self._thread.start()

    def _run(self, room: Room, pixels: int, owner: Hashable | None, seconds: float) -> None:
        try:
            with room.taken(pixels, owner, seconds):
                self.state = "decoded"
                assert self._leaves.wait(SECONDS)
            self.state = "done"
        except Busy:
            self.state = "busy"

    def is_decoded(self) -> "Picture":
        wait_until(lambda: self.state == "decoded", "it has its turn", SECONDS)
        return self

    def leave(self) -> None:
        self._leaves.set()
        self._thread.join(SECONDS)


@pytest.fixture
def room():
    return Room(MOST)


@pytest.fixture
def picture(room):
    """``picture(pixels, owner)``: one that waits, or has its turn. All of them leave at the end."""
    with ExitStack() as stack:

        def make(pixels: int, owner: Hashable | None = None, *, queued: int = 0) -> Picture:
            made = Picture(room, pixels, owner)
            stack.callback(made.leave)
            wait_until(lambda: made.state != "waiting" or len(room._waiting) > queued, "it has come", SECONDS)
            return made

        yield make


def full(room: Room, pixels: int = 1) -> bool:
    """Whether there is no room for so many pixels of somebody else."""
    try:
        with room.taken(pixels, None, 0):
            return False
    except Busy:
        return True


def test_small_pictures_are_decoded_together_up_to_a_number(room, picture):
    small = [picture(1).is_decoded() for _ in range(AT_ONCE)]
    assert full(room)
    small[0].leave()
    assert not full(room)


def test_together_they_have_the_pixels_of_one(room, picture):
    first = picture(700).is_decoded()
    assert full(room, 301)
    assert not full(room, 300)
    first.leave()
    assert not full(room, MOST)


def test_one_person_has_one_turn_at_a_time_and_lets_others_pass(room, picture):
    picture(1, "ana").is_decoded()
    second = picture(1, "ana")
    picture(1, "ben").is_decoded()
    assert second.state == "waiting"


def test_a_large_picture_is_not_overtaken_by_small_ones_that_come_later(room, picture):
    first = picture(1).is_decoded()
    large = picture(MOST)
    small = picture(1, queued=1)
    assert (large.state, small.state) == ("waiting", "waiting")
    first.leave()
    large.is_decoded()
    assert small.state == "waiting"
    large.leave()
    small.is_decoded()


def test_who_waits_too_long_is_told_so_and_leaves_the_queue(room):
    with room.taken(MOST, "ana", 0):
        with pytest.raises(Busy), room.taken(1, "ben", 0.01):
            raise AssertionError("there was no room")
        with pytest.raises(Busy), room.taken(1, "ana", 0):
            raise AssertionError("there was no room")
    with room.taken(MOST + 5, "ben", 0):
        assert full(room)


def test_a_picture_that_fails_gives_its_room_back(room):
    with pytest.raises(ValueError, match="broken"), room.taken(MOST, "ana", 0):
        raise ValueError("broken")
    assert not full(room, MOST)
