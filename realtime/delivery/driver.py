"""Drives the delivery protocol of one connection in an event loop, for every transport under ASGI.

A connection that waits for news or for a query leaves a callback and is called when it is there. A task is only created
for a client that does not take what is written. So an idle connection costs no task, and an event is written to a
thousand connections in one pass.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from typing import Any

from .hub import Hub
from .protocol import Send, Step, Wait
from .reader import READ_SECONDS, too_slow, wait_queue_of
from .wait_queue import Waiter


class Driver:
    """Carries out the steps of one connection's protocol (realtime/delivery/protocol.py).

    ``write`` carries out a ``Send``. ``finish`` is called once: with ``None`` when the protocol has ended, or with the
    error that ended it. Both return what is left to await, or ``None`` when they are done.
    """

    __slots__ = ("_finish", "_hub", "_loop", "_news", "_query", "_rest", "_steps", "_stopped", "_task", "_write")

    def __init__(
        self,
        hub: Hub,
        steps: Generator[Step, Any, None],
        write: Callable[[Send], Awaitable[None] | None],
        finish: Callable[[BaseException | None], Awaitable[None] | None],
    ) -> None:
        self._hub, self._steps, self._write, self._finish = hub, steps, write, finish
        self._loop = asyncio.get_running_loop()
        self._news = hub.waiter(self._loop, self._advance)
        self._query: Waiter | None = None  # waits for a query's result
        self._task: asyncio.Task[None] | None = None
        self._rest: Awaitable[None] | None = None  # what the task awaits
        self._stopped = False

    def start(self) -> None:
        """Begin, in the running loop."""
        self._advance()

    def stop(self) -> None:
        """Write nothing more. Calling it twice is harmless."""
        self._stopped = True
        self._close_waiters()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
            _close_unstarted(self._rest)
        if inspect.getgeneratorstate(self._steps) != inspect.GEN_RUNNING:
            self._steps.close()

    def _advance(self, query: Future[Any] | None = None) -> None:
        self._query = None
        if self._stopped:
            return
        rest = self._carry_out(query)
        if rest is not None:
            self._rest = rest
            self._task = self._loop.create_task(self._await_rest())

    async def _await_rest(self) -> None:
        try:
            while self._rest is not None:
                await self._rest
                self._rest = None if self._stopped else self._carry_out(None)
        except Exception as error:  # noqa: BLE001 (the server's error on a broken connection; ``finish`` gets it)
            await (self._end(error) or _nothing())
        finally:
            self._task = self._rest = None

    def _carry_out(self, query: Future[Any] | None) -> Awaitable[None] | None:
        """Carry out steps until one has to wait: with a callback (``None`` is returned), or in what is returned."""
        try:
            result = None if query is None else _result(query)
            while not self._stopped:
                step = self._steps.send(result)
                result = None
                if isinstance(step, Send):
                    if (rest := self._write(step)) is not None:
                        return rest
                elif isinstance(step, Wait):
                    if self._hub.wait_for_news(self._news, step.seen, step.until):
                        return None
                else:
                    query = self._hub.reader.submit(step.key, step.read)
                    if not query.done():
                        self._wait_for(query)
                        return None
                    result = query.result()
        except StopIteration:
            return self._end(None)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 (a query's, or the server's; handed on)
            return self._end(error)
        return None

    def _wait_for(self, query: Future[Any]) -> None:
        queue = wait_queue_of(query, self._loop)
        self._query = queue.call_once(READ_SECONDS, lambda: self._advance(query))

    def _close_waiters(self) -> None:
        self._news.close()
        if self._query is not None:
            self._query.close()
            self._query = None

    def _end(self, error: BaseException | None) -> Awaitable[None] | None:
        if self._stopped:
            return None
        self._steps.close()
        self._close_waiters()
        try:
            return self._finish(error)
        finally:
            self._stopped = True


def _result(query: Future[Any]) -> Any:
    if not query.done():
        raise too_slow()
    return query.result()


async def _nothing() -> None:
    pass


def _close_unstarted(rest: Awaitable[None] | None) -> None:
    """Close a coroutine that its task was cancelled before starting; else Python warns that it was never awaited."""
    if inspect.iscoroutine(rest) and inspect.getcoroutinestate(rest) == inspect.CORO_CREATED:
        rest.close()
