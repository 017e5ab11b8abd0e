"""Queries on behalf of open connections: a few threads with a database connection each, however many clients there are.

A stream may stay open for hours and must not hold a database connection meanwhile. A thousand streams that read at once
must not open a thousand. So streams hand their queries to these threads, and equal queries (for the same page of the
log, the same counters) run once for everybody who asked.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import close_old_connections, connection

from .staggered import StaggeredCondition
from .wait_queue import WaitQueue

THREADS = 4
READ_SECONDS = 30.0  # the longest that a connection waits for its own query
KEPT = 32  # results; a page of the log with long messages is about a megabyte
OPEN_SECONDS = 5.0  # a thread's connection with SQLite stays open: opening one costs ten times as much as most queries

Result = TypeVar("Result")

_conditions = threading.Lock()  # held while a query gets its condition


class Reader:
    """Runs queries on a few threads and keeps the newest results for whoever asks for the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._kept: dict[Hashable, Future[Any]] = {}

    def submit(self, key: Hashable, read: Callable[[], Result]) -> Future[Result]:
        """A future for what ``read`` returns. The same ``key`` gives the same future; ``None`` shares with nobody.

        A key must therefore name the moment too (the cursor, say). A failed query is not kept.
        """
        with self._lock:
            known = self._kept.get(key)
            if known is not None and not (known.done() and known.exception()):
                return known
            if self._pool is None:
                self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="realtime-reader")
            future = self._pool.submit(_with_fresh_connection, read)
            if key is not None:
                self._kept[key] = future
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
            return future

    def has(self, key: Hashable) -> bool:
        """Whether the result of a query is there already."""
        known = self._kept.get(key)
        return known is not None and known.done() and not known.exception()


def too_slow() -> TimeoutError:
    """The error for a query that took longer than ``READ_SECONDS``."""
    return TimeoutError(f"a reading took more than {READ_SECONDS:.0f} s")


async def result_of(query: Future[Result]) -> Result:
    """The result of a query, for a coroutine, which waits for at most ``READ_SECONDS``.

    Raises TimeoutError after that, and whatever the query raised. The query goes on: others may wait for it.
    """
    if not query.done():
        await wait_queue_of(query, asyncio.get_running_loop()).wait(READ_SECONDS)
        if not query.done():
            raise too_slow()
    return query.result()


def result_for_thread(query: Future[Result]) -> Result:
    """As ``result_of``, for a thread. The threads that wait for one query are woken in turns."""
    if not query.done():
        condition = _condition_of(query)
        with condition:
            if not condition.wait_turn(query.done, READ_SECONDS):
                raise too_slow()
    return query.result()


def _condition_of(query: Future[Any]) -> StaggeredCondition:
    with _conditions:
        condition = query.__dict__.get("condition")
        if condition is None:
            condition = query.__dict__["condition"] = StaggeredCondition()

            def start(_: Future[Any]) -> None:
                with condition:
                    condition.start()

            query.add_done_callback(start)
        return condition


def wait_queue_of(query: Future[Any], loop: asyncio.AbstractEventLoop) -> WaitQueue:
    """The wait queue of an event loop for a query. Only for that loop's own thread."""
    known: dict[asyncio.AbstractEventLoop, WaitQueue] = query.__dict__.setdefault("wait_queues", {})
    queue = known.get(loop)
    if queue is None:
        queue = known[loop] = WaitQueue(loop)

        def wake(_: Future[Any]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(queue.wake)

        query.add_done_callback(wake)
    return queue


def _with_fresh_connection(read: Callable[[], Result]) -> Result:
    close_old_connections()
    try:
        return read()
    finally:
        if connection.vendor == "sqlite":
            connection.close_at = time.monotonic() + OPEN_SECONDS
        close_old_connections()
