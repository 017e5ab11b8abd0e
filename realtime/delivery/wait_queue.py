"""Thousands in one event loop that wait for the same thing: woken by one call, or each when its time is over.

Who waits leaves a callback and needs neither a task nor a future for it. ``asyncio.wait`` and ``wait_for`` would do the
same at many times the price for each of them; and who gives up waiting for a future that all share is looked for among
all who still wait.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context

GRID_SECONDS = 0.05  # times that end in the same step share one timer
FIRST_SLICE = 20  # what these are told is on its way while the next are still being told
SLICE = 100  # woken in one turn of the loop: others have their turn before the next are


class Place:
    """Where somebody waits, as often as they like. Only to be used in the loop's own thread.

    A place has one timer at most. Who is woken before their time most often waits again, for longer: the timer is left
    as it is then, and set anew only when it is over.
    """

    __slots__ = ("_due", "_go_on", "_timer", "_waiting", "_waits")

    def __init__(self, waiting: "Waiting", go_on: Callable[[], None]) -> None:
        self._waiting = waiting
        self._go_on: Callable[[], None] | None = go_on
        self._waits = False
        self._due = 0  # the step of the grid at which they have waited long enough
        self._timer: int | None = None  # the step at which somebody looks

    def wait(self, until: float) -> None:
        """Wait until that moment of the loop's clock at most (and up to a step longer); then ``go_on`` is called.

        What it raises is told to the loop's exception handler.
        """
        self._due = step = int(until / GRID_SECONDS) + 1
        self._waits = True
        self._waiting._all.add(self)
        if self._timer is None or step < self._timer:
            self._waiting._set_timer(self, step)

    def cease(self) -> None:
        """Wait no longer, for now."""
        self._waits = False
        self._waiting._all.discard(self)

    def leave(self) -> None:
        """Wait no more; the callback is not called any more. Asking twice is harmless."""
        self.cease()
        self._go_on = None
        self._waiting._late.discard(self)
        self._waiting._forget_timer(self)

    def _call(self) -> None:
        go_on, self._waits = self._go_on, False
        if go_on is not None:
            try:
                go_on()
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 (others must still be woken)
                self._waiting.complain(error)


class _PlaceForOnce(Place):
    """It is left when its time has come."""

    __slots__ = ()

    def _call(self) -> None:
        super()._call()
        self.leave()


class Waiting:
    """Those of one loop that wait for one thing. Only to be used in that loop's own thread, but for asking whether
    anybody waits (``bool``)."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._all: set[Place] = set()
        self._woken: deque[Place] = deque()
        self._late: set[Place] = set()  # their time is over
        self._at_work = False  # or about to be
        self._due: dict[int, set[Place]] = {}
        self._step = 0  # the newest whose time is over

    def __bool__(self) -> bool:
        return bool(self._all)

    def place(self, go_on: Callable[[], None]) -> Place:
        """A place for somebody who waits again and again. To be left in the end."""
        return Place(self, go_on)

    def join(self, seconds: float, go_on: Callable[[], None]) -> Place:
        """Wait once, for so many seconds at most."""
        place = _PlaceForOnce(self, go_on)
        place.wait(self._loop.time() + max(0.0, seconds))
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
        """Whoever waits now has waited long enough. They are woken a slice at a time, in the order of these calls."""
        self._woken.extend(self._all)
        self._all.clear()
        if not self._at_work:
            self._wake_next(FIRST_SLICE)

    def complain(self, error: BaseException) -> None:
        """Tell the loop of an error that nobody awaits."""
        self._loop.call_exception_handler({"message": "Who was woken failed.", "exception": error})

    def _wake_next(self, size: int = SLICE) -> None:
        """A slice of those who are woken, and of those whose time is over when all of these are."""
        self._at_work = True
        woken, late = self._woken, self._late
        try:
            for _ in range(size):
                if woken:
                    place = woken.popleft()
                    if place._waits:
                        place._call()
                elif late:
                    place = late.pop()
                    if place._waits and place._due <= self._step:  # or they were woken, and wait again
                        self._all.discard(place)
                        place._call()
                else:
                    break
        finally:
            self._at_work = bool(woken or late)
            if self._at_work:  # after what this slice has written in a row (gistagum/servers/batched_writes.py)
                self._loop.call_soon(self._wake_next)

    # --- time ---------------------------------------------------------------------------------------------------

    def _set_timer(self, place: Place, step: int) -> None:
        self._forget_timer(place)
        due = self._due.get(step)
        if due is None:
            due = self._due[step] = set()
            # Not in the context of whoever happens to be the first: what they were about is nobody else's matter.
            self._loop.call_at(step * GRID_SECONDS, self._over, step, context=Context())
        due.add(place)
        place._timer = step

    def _forget_timer(self, place: Place) -> None:
        if place._timer is not None:
            self._due.get(place._timer, set()).discard(place)
            place._timer = None

    def _over(self, step: int) -> None:
        self._step = max(self._step, step)
        for place in self._due.pop(step):
            place._timer = None
            if place._waits and place._due > step:
                self._set_timer(place, place._due)
            elif place._waits:
                self._late.add(place)
        if self._late and not self._at_work:
            self._wake_next()
