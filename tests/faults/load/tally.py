"""Counts the events that a crowd receives, with one look-up for each write, so that 100,000 ids a second cost little.

Clients with the same permissions receive the same bytes, so each sequence of bytes is parsed once for all of them.
"""

import re
from collections import Counter
from typing import NamedTuple

# The beginning of an event's envelope on both transports. No state frame begins like this.
EVENT = re.compile(rb'\{"id":(\d+),"type":"')
STEPS_A_SECOND = 200  # the resolution of arrival times is 5 ms
CACHED = 4_000


class Content(NamedTuple):
    """The ids in some bytes: the first, the last, whether each is one more than the one before, and all of them."""

    first: int
    last: int
    in_step: bool
    ids: tuple[int, ...]


class Reader:
    """The position of one client."""

    __slots__ = ("last", "missing")

    def __init__(self, last: int) -> None:
        self.last = last
        self.missing: set[int] | None = None


class Tally:
    """Counts for many clients that must all receive every id after their first cursor, without gaps."""

    def __init__(self) -> None:
        self.delivered = self.twice = self.disordered = 0
        self.arrivals: Counter[tuple[int, int, int]] = Counter()  # first id, last id, moment in steps
        self._known: dict[bytes, Content | None] = {}

    def take(self, reader: Reader, data: bytes, now: float) -> None:
        """Count complete frames that ``reader`` received at ``now`` (seconds, monotonic)."""
        try:
            content = self._known[data]
        except KeyError:
            content = self._look(data)
        if content is None:
            return
        self.delivered += len(content.ids)
        self.arrivals[content.first, content.last, int(now * STEPS_A_SECOND)] += 1
        if content.in_step and content.first == reader.last + 1:
            reader.last = content.last
        else:
            self._count_faults(reader, content.ids)

    def lost(self, readers: list[Reader], up_to: int) -> int:
        """Return how many ids up to ``up_to`` these clients did not receive."""
        return sum(max(0, up_to - reader.last) + len(reader.missing or ()) for reader in readers)

    def _look(self, data: bytes) -> Content | None:
        ids = tuple(map(int, EVENT.findall(data)))
        in_step = bool(ids) and ids == tuple(range(ids[0], ids[0] + len(ids)))
        if len(self._known) >= CACHED:
            self._known.clear()
        content = self._known[data] = Content(ids[0], ids[-1], in_step, ids) if ids else None
        return content

    def _count_faults(self, reader: Reader, ids: tuple[int, ...]) -> None:
        missing = reader.missing = reader.missing if reader.missing is not None else set()
        for one in ids:
            if one > reader.last:
                missing.update(range(reader.last + 1, one))
                reader.last = one
            elif one in missing:
                missing.remove(one)
                self.disordered += 1
            else:
                self.twice += 1
