"""Coroutines that wait for the same thing, thousands at once: woken by one call, or each when its time is over.

``asyncio.wait`` and ``wait_for`` would do the same at many times the price for each of them; and who gives up waiting
for a future that all share is looked for among all who still wait.
"""

import asyncio
import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

GRID_SECONDS = 0.05  # times that end in the same step share one timer
SLICE = 100  # woken in one turn of the loop: what they write is on its way before the next are woken


class Place(NamedTuple):
    """Where somebody waits."""

    news: asyncio.Future
    due: set[asyncio.Future]


class Waiting:
    """Those of one loop that wait for one thing. Only to be used in that loop's own thread, but for asking whether
    anybody waits (``bool``)."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._all: set[asyncio.Future] = set()
        self._due: dict[int, set[asyncio.Future]] = {}

    def __bool__(self) -> bool:
        return bool(self._all)

    def join(self, seconds: float) -> Place:
        """Begin to wait, for so many seconds at most (and up to a step longer). Then await ``stay`` at once."""
        step = int((self._loop.time() + max(0.0, seconds)) / GRID_SECONDS) + 1
        due = self._due.get(step)
        if due is None:
            due = self._due[step] = set()
            self._loop.call_at(step * GRID_SECONDS, self._over, step)
        place = Place(self._loop.create_future(), due)
        due.add(place.news)
        self._all.add(place.news)
        return place

    async def stay(self, place: Place) -> None:
        """Wait until woken, or until the time is over."""
        try:
            await place.news
        finally:
            self._all.discard(place.news)
            place.due.discard(place.news)

    def wake(self) -> None:
        """Whoever waits now has waited long enough. They are woken a slice at a time, one after the other.

        All at once, each would be told only when the last of them has been worked out, and what all of them are told
        would be held in memory together.
        """
        woken, self._all = self._all, set()
        self._wake_next(iter(woken))

    def _wake_next(self, woken: Iterator[asyncio.Future]) -> None:
        one = list(itertools.islice(woken, SLICE))
        _resolve(one)
        if len(one) == SLICE:
            self._loop.call_soon(self._wake_next, woken)

    def _over(self, step: int) -> None:
        _resolve(self._due.pop(step))


def _resolve(waiting: Iterable[asyncio.Future]) -> None:
    for news in waiting:  # who wakes up leaves the sets later, in a turn of its own
        if not news.done():
            news.set_result(None)
