"""How many pictures a process decodes at once: so many pixels together, one picture of each person."""

import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

AT_ONCE = 4


class Busy(Exception):
    """Too many pictures are being decoded. The same upload may work a little later."""


class Room:
    """Room for ``most`` pixels, and for ``AT_ONCE`` pictures. A small picture takes as much as a quarter of it.

    Who comes first goes first, but for those whose own picture is still being decoded: they let others pass.
    """

    def __init__(self, most: int) -> None:
        self._most = self._free = most
        self._changed = threading.Condition()
        self._waiting: list[tuple[int, Hashable]] = []  # pixels and owner, in the order in which they came
        self._owners: set[Hashable] = set()

    @contextmanager
    def taken(self, pixels: int, owner: Hashable | None, seconds: float) -> Iterator[None]:
        """Hold room for a picture of ``owner`` (``None``: nobody's). Raises Busy after ``seconds`` of waiting."""
        size = min(max(pixels, self._most // AT_ONCE), self._most)
        # An object of its own for nobody's: two of them do not wait for each other.
        entry = (size, object() if owner is None else owner)
        self._enter(entry, seconds)
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._owners.discard(entry[1])
                self._changed.notify_all()

    def _enter(self, entry: tuple[int, Hashable], seconds: float) -> None:
        until = time.monotonic() + seconds
        with self._changed:
            self._waiting.append(entry)
            try:
                while not self._is_next(entry):
                    left = until - time.monotonic()
                    if left <= 0:
                        raise Busy
                    self._changed.wait(left)
                self._free -= entry[0]
                self._owners.add(entry[1])
            finally:
                self._waiting.remove(entry)
                self._changed.notify_all()

    def _is_next(self, entry: tuple[int, Hashable]) -> bool:
        first = next((one for one in self._waiting if one[1] not in self._owners), None)
        return first == entry and entry[0] <= self._free
