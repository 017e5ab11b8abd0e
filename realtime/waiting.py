"""Thousands in one event loop that wait for the same thing: woken by one call, or each when its time is over.

Who waits leaves a callback and needs neither a task nor a future for it. ``asyncio.wait`` and ``wait_for`` would do the
same at many times the price for each of them; and who gives up waiting for a future that all share is looked for among
all who still wait.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextvars import Context

GRID_SECONDS = 0.05  # times that end in the same step share one timer
FIRST_SLICE = 20  # what these are told is on its way while the next are still being told
SLICE = 100  # woken in one turn of the loop: others have their turn before the next are


class Place:
    """Where somebody waits."""

    __slots__ = ("_due", "_go_on", "_waiting")

    def __init__(self, waiting: "Waiting", due: set["Place"], go_on: Callable[[], None]) -> None:
        self._waiting, self._due = waiting, due
        self._go_on: Callable[[], None] | None = go_on

    def leave(self) -> None:
        """Wait no longer; the callback is not called any more. Asking twice is harmless."""
        self._go_on = None
        self._waiting._all.discard(self)
        self._due.discard(self)

    def _call(self) -> None:
        go_on = self._go_on
        if go_on is not None:
            self.leave()
            try:
                go_on()
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 (others must still be woken)
                self._waiting.complain(error)


class Waiting:
    """Those of one loop that wait for one thing. Only to be used in that loop's own thread, but for asking whether
    anybody waits (``bool``)."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._all: set[Place] = set()
        self._due: dict[int, set[Place]] = {}

    def __bool__(self) -> bool:
        return bool(self._all)

    def join(self, seconds: float, go_on: Callable[[], None]) -> Place:
        """Wait, for so many seconds at most (and up to a step longer); then ``go_on`` is called, once.

        What it raises is told to the loop's exception handler.
        """
        step = int((self._loop.time() + max(0.0, seconds)) / GRID_SECONDS) + 1
        due = self._due.get(step)
        if due is None:
            due = self._due[step] = set()
            # Not in the context of whoever happens to be the first: what they were about is nobody else's matter.
            self._loop.call_at(step * GRID_SECONDS, self._over, step, context=Context())
        place = Place(self, due, go_on)
        due.add(place)
        self._all.add(place)
        return place

    async def stay(self, seconds: float) -> None:
        """As ``join``, for a coroutine."""
        news = self._loop.create_future()
        place = self.join(seconds, lambda: news.done() or news.set_result(None))
        try:
            await news
        finally:
            place.leave()

    def wake(self) -> None:
        """Whoever waits now has waited long enough. They are woken a slice at a time, one after the other."""
        woken, self._all = self._all, set()
        self._wake_next(iter(woken), FIRST_SLICE)

    def complain(self, error: BaseException) -> None:
        """Tell the loop of an error that nobody awaits."""
        self._loop.call_exception_handler({"message": "Who was woken failed.", "exception": error})

    def _over(self, step: int) -> None:
        self._wake_next(iter(list(self._due.pop(step))))

    def _wake_next(self, woken: Iterator[Place], size: int = SLICE) -> None:
        one = list(itertools.islice(woken, size))
        for place in one:
            place._call()
        if len(one) == size:  # after what this slice has written in a row (gistagum/writes.py)
            self._loop.call_soon(self._wake_next, woken)
