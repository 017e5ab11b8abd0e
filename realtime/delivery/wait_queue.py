"""A wait queue for thousands of connections in one event loop: one call wakes them all, or each times out by itself.

A waiter leaves a callback and needs neither a task nor a future. ``asyncio.wait`` and ``asyncio.wait_for`` would cost
many times as much per waiter, and removing one waiter from a future that all share takes a search through all of them.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context

GRID_SECONDS = 0.05  # timeouts that end in the same step share one timer
FIRST_SLICE = 20  # waiters woken in the first turn: what they write leaves while the next ones are woken
SLICE = 100  # waiters woken in one later turn of the loop: other callbacks run before the next slice


class Waiter:
    """One connection's place in a wait queue, used again and again. Only for the loop's own thread.

    A waiter has at most one timer. A waiter that is woken early usually waits again, for longer: its timer then stays
    as it is, and is set anew when it fires.
    """

    __slots__ = ("_callback", "_due", "_queue", "_timer", "_waits")

    def __init__(self, queue: "WaitQueue", callback: Callable[[], None]) -> None:
        self._queue = queue
        self._callback: Callable[[], None] | None = callback
        self._waits = False
        self._due = 0  # the step of the grid at which the wait times out
        self._timer: int | None = None  # the step at which the timer fires

    def wait(self, until: float) -> None:
        """Call the callback at the next wake-up, or at ``until`` by the loop's clock (up to one step of the grid
        later).

        What the callback raises goes to the loop's exception handler.
        """
        self._due = step = int(until / GRID_SECONDS) + 1
        self._waits = True
        self._queue._waiting.add(self)
        if self._timer is None or step < self._timer:
            self._queue._set_timer(self, step)

    def cancel(self) -> None:
        """End this wait. The waiter can wait again."""
        self._waits = False
        self._queue._waiting.discard(self)

    def close(self) -> None:
        """End for good: the callback is never called again. Calling it twice is harmless."""
        self.cancel()
        self._callback = None
        self._queue._late.discard(self)
        self._queue._forget_timer(self)

    def _call(self) -> None:
        callback, self._waits = self._callback, False
        if callback is not None:
            try:
                callback()
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 (the other waiters must still be woken)
                self._queue.report(error)


class _OneTimeWaiter(Waiter):
    """A waiter that closes itself when its wait is over."""

    __slots__ = ()

    def _call(self) -> None:
        super()._call()
        self.close()


class WaitQueue:
    """The waiters of one event loop. Only for that loop's own thread, except for ``bool`` (does anybody wait?)."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: set[Waiter] = set()
        self._woken: deque[Waiter] = deque()
        self._late: set[Waiter] = set()  # timed out
        self._waking = False  # a slice is being woken, or is scheduled
        self._due: dict[int, set[Waiter]] = {}
        self._step = 0  # the newest step that is over

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def waiter(self, callback: Callable[[], None]) -> Waiter:
        """A waiter for repeated use. Close it in the end."""
        return Waiter(self, callback)

    def call_once(self, seconds: float, callback: Callable[[], None]) -> Waiter:
        """Call ``callback`` at the next wake-up, or after so many seconds."""
        waiter = _OneTimeWaiter(self, callback)
        waiter.wait(self._loop.time() + max(0.0, seconds))
        return waiter

    async def wait(self, seconds: float) -> None:
        """Wait for the next wake-up in a coroutine, for at most so many seconds."""
        woken = self._loop.create_future()

        def end() -> None:
            if not woken.done():
                woken.set_result(None)

        waiter = self.call_once(seconds, end)
        try:
            await woken
        finally:
            waiter.close()

    def wake(self) -> None:
        """Wake everybody who waits now, a slice at a time, in the order of the calls of this method."""
        self._woken.extend(self._waiting)
        self._waiting.clear()
        if not self._waking:
            self._wake_slice(FIRST_SLICE)

    def report(self, error: BaseException) -> None:
        """Hand an error that nobody awaits to the loop's exception handler."""
        self._loop.call_exception_handler({"message": "A woken connection failed.", "exception": error})

    def _wake_slice(self, size: int = SLICE) -> None:
        """Call the next woken waiters and, after all of these, those that timed out."""
        self._waking = True
        woken, late = self._woken, self._late
        try:
            for _ in range(size):
                if woken:
                    waiter = woken.popleft()
                    if waiter._waits:
                        waiter._call()
                elif late:
                    waiter = late.pop()
                    if waiter._waits and waiter._due <= self._step:  # else it was woken and waits again
                        self._waiting.discard(waiter)
                        waiter._call()
                else:
                    break
        finally:
            self._waking = bool(woken or late)
            if self._waking:  # after the writes that this slice has batched (gistagum/servers/batched_writes.py)
                self._loop.call_soon(self._wake_slice)

    # --- timers -------------------------------------------------------------------------------------------------

    def _set_timer(self, waiter: Waiter, step: int) -> None:
        self._forget_timer(waiter)
        due = self._due.get(step)
        if due is None:
            due = self._due[step] = set()
            # In a context of its own: the timer serves others, too, and must not keep the first one's context alive.
            self._loop.call_at(step * GRID_SECONDS, self._step_over, step, context=Context())
        due.add(waiter)
        waiter._timer = step

    def _forget_timer(self, waiter: Waiter) -> None:
        if waiter._timer is not None:
            self._due.get(waiter._timer, set()).discard(waiter)
            waiter._timer = None

    def _step_over(self, step: int) -> None:
        self._step = max(self._step, step)
        for waiter in self._due.pop(step):
            waiter._timer = None
            if waiter._waits and waiter._due > step:
                self._set_timer(waiter, waiter._due)
            elif waiter._waits:
                self._late.add(waiter)
        if self._late and not self._waking:
            self._wake_slice()
