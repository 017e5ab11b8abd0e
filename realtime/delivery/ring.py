"""The newest events of the log, in one ring buffer that all subscribers of a process read from."""

import bisect
import itertools
import threading
from collections import deque
from collections.abc import Iterable

from ..log.replay import NO_EVENTS, Frame, LogSlice

RING_EVENTS = 2_000
RING_CHARACTERS = 8 * 2**20
SLICES = 50  # slices of the ring that are kept for other subscribers at the same cursor


class Ring:
    """Every event after ``floor``, up to ``cursor``. One thread appends, any thread reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.cursor = 0
        self.floor = 0
        self.events: deque[Frame] = deque()
        self.characters = 0  # of JSON in these events
        self._slices: dict[int, LogSlice] = {}  # by the cursor before them

    def clear(self, cursor: int) -> None:
        """Empty it: the next event comes after ``cursor``."""
        with self._lock:
            self.events.clear()
            self._slices.clear()
            self.characters = 0
            self.floor = self.cursor = cursor

    def append(self, frames: Iterable[Frame]) -> None:
        """Add events in the order of the log. The oldest ones make room for them."""
        with self._lock:
            self._slices.clear()
            for frame in frames:
                self.events.append(frame)
                self.characters += len(frame.json)
            newest = self.events[-1].id
            while len(self.events) > RING_EVENTS or self.characters > RING_CHARACTERS:
                oldest = self.events.popleft()
                self.characters -= len(oldest.json)
                self.floor = oldest.id
            self.cursor = newest

    def after(self, cursor: int) -> LogSlice | None:
        """The events after a cursor, oldest first; ``None`` when the ring does not reach back so far."""
        if cursor >= self.cursor:
            return NO_EVENTS
        found = self._slices.get(cursor)
        if found is not None:  # most often somebody else stood there before
            return found
        with self._lock:
            if cursor < self.floor:
                return None
            found = self._slices.get(cursor)
            if found is None:
                start = bisect.bisect_right(self.events, cursor, key=lambda frame: frame.id)
                found = self._slices[cursor] = LogSlice(itertools.islice(self.events, start, None))
                if len(self._slices) > SLICES:
                    del self._slices[next(iter(self._slices))]
            return found
