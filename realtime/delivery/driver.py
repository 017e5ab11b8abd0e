"""Carries out a conversation (realtime/delivery/protocol.py) in an event loop: the driver of every transport under ASGI.

Whoever waits for news or for a reading is called back when it is there, and writes at once. A task is only made for a
client that does not take what it is told; so an idle client costs none, and a thousand that are told something are
told it in a row, without a thousand tasks that are woken for it.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future
from typing import Any, Protocol

from .hub import Hub
from .protocol import Send, Step, Wait
from .reader import READ_SECONDS, waiting_for
from .wait_queue import Place

OUTLET = "realtime.outlet"  # the extension of an ASGI scope under which a server offers an Outlet


class Outlet(Protocol):
    """A server's way past ASGI's ``send`` for an open connection: without a coroutine for each write.

    Who offers one also says that its ``send`` may be begun outside of a task (``begin``).
    """

    def write(self, what: Any) -> bool:
        """Write the next text (WebSocket) or bytes (HTTP) at once; ``False`` where that must be waited for: nothing
        was written then, and ``send`` waits."""

    def settle(self) -> None:
        """The client is in and will stay: give back what was only needed to let it in. Nobody is receiving now."""


def outlet_of(scope: Any) -> Outlet | None:
    """What the server offers for this connection."""
    return (scope.get("extensions") or {}).get(OUTLET)


class Begun:
    """A coroutine that has been begun outside of any task, for whoever awaits the rest of it."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._coroutine, self._waits_for = coroutine, waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        waits_for = self._waits_for
        while True:
            try:
                try:
                    result = yield waits_for
                except GeneratorExit:
                    self._coroutine.close()
                    raise
                except BaseException as error:  # noqa: BLE001 (it belongs to the coroutine, whatever it is)
                    waits_for = self._coroutine.throw(error)
                else:
                    waits_for = self._coroutine.send(result)
            except StopIteration:
                return


def begin(coroutine: Coroutine[Any, Any, None]) -> Begun | None:
    """Run a coroutine as far as it goes without waiting; ``None`` when that is to its end.

    It must not ask for the task that it runs in.
    """
    try:
        return Begun(coroutine, coroutine.send(None))
    except StopIteration:
        return None


def through(outlet: Outlet | None, saying: Coroutine[Any, Any, None]) -> Awaitable[None] | None:
    """What is to be awaited of a coroutine that uses ``send``: all of it, unless the server lets it be begun here."""
    return saying if outlet is None else begin(saying)


class Teller:
    """One client's conversation. ``say`` writes a step, and returns what is to be awaited if it could not at once.

    ``over`` is called once, when there is nothing more to say (``None``) or something went wrong (the error), and
    likewise returns what is to be awaited.
    """

    __slots__ = ("_hub", "_loop", "_news", "_over", "_reading", "_rest", "_say", "_stopped", "_talk", "_task")

    def __init__(
        self,
        hub: Hub,
        talk: Generator[Step, Any, None],
        say: Callable[[Send], Awaitable[None] | None],
        over: Callable[[BaseException | None], Awaitable[None] | None],
    ) -> None:
        self._hub, self._talk, self._say, self._over = hub, talk, say, over
        self._loop = asyncio.get_running_loop()
        self._news = hub.place(self._loop, self._go_on)
        self._reading: Place | None = None  # where it waits for one
        self._task: asyncio.Task | None = None
        self._rest: Awaitable[None] | None = None  # what the task awaits
        self._stopped = False

    def start(self) -> None:
        """Begin to tell, in the running loop."""
        self._go_on()

    def stop(self) -> None:
        """Say nothing more. Asking twice is harmless."""
        self._stopped = True
        self._leave()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
            _never_mind(self._rest)
        if not self._talk.gi_running:
            self._talk.close()

    def _go_on(self, reading: Future | None = None) -> None:
        self._reading = None
        if self._stopped:
            return
        rest = self._carry_out(reading)
        if rest is not None:
            self._rest = rest
            self._task = self._loop.create_task(self._await())

    async def _await(self) -> None:
        try:
            while self._rest is not None:
                await self._rest
                self._rest = None if self._stopped else self._carry_out(None)
        except Exception as error:  # noqa: BLE001 (what the server says of a broken connection is handed on)
            await (self._finish(error) or _nothing())
        finally:
            self._task = self._rest = None

    def _carry_out(self, reading: Future | None) -> Awaitable[None] | None:
        """Step by step, until something has to be waited for: a callback is left then, or what to await returned."""
        try:
            result = None if reading is None else _result(reading)
            while not self._stopped:
                step = self._talk.send(result)
                result = None
                if isinstance(step, Send):
                    if (rest := self._say(step)) is not None:
                        return rest
                elif isinstance(step, Wait):
                    if self._hub.wait_at(self._news, step.seen, step.until):
                        return None
                else:
                    reading = self._hub.reader.submit(step.key, step.read)
                    if not reading.done():
                        self._wait_for(reading)
                        return None
                    result = reading.result()
        except StopIteration:
            return self._finish(None)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 (a reading's, or of ``send``; handed on)
            return self._finish(error)
        return None

    def _wait_for(self, reading: Future) -> None:
        waiting = waiting_for(reading, self._loop)
        self._reading = waiting.join(READ_SECONDS, lambda: self._go_on(reading))

    def _leave(self) -> None:
        self._news.leave()
        if self._reading is not None:
            self._reading.leave()
            self._reading = None

    def _finish(self, error: BaseException | None) -> Awaitable[None] | None:
        if self._stopped:
            return None
        self._talk.close()
        self._leave()
        try:
            return self._over(error)
        finally:
            self._stopped = True


def _result(reading: Future) -> Any:
    if not reading.done():
        raise TimeoutError(f"a reading took more than {READ_SECONDS:.0f} s")
    return reading.result()


async def _nothing() -> None:
    pass


def _never_mind(rest: Awaitable[None] | None) -> None:
    """What a task did not come to await is not missed."""
    if inspect.iscoroutine(rest) and inspect.getcoroutinestate(rest) == inspect.CORO_CREATED:
        rest.close()
