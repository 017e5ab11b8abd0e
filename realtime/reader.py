"""Database work on behalf of streams: a few threads with a connection each, however many streams there are.

A stream may stay open for hours and must not hold a database connection meanwhile; a thousand streams that all want
to read at once must not open a thousand. So streams hand their reading to these threads, and readings of the same
thing (the same page of the log, the same counters) are done once for all who asked.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.db import close_old_connections, connection

THREADS = 4
READ_SECONDS = 30.0  # the longest that a connection waits for its own reading
KEPT = 32  # results; a page of the log with long messages is about a megabyte
OPEN_SECONDS = 5.0  # a thread's connection with SQLite stays open: opening one costs ten times what most readings do


class Reader:
    """Runs readings on a few threads; keeps the newest results for those who ask for the same thing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._kept: dict[Hashable, Future] = {}
        self._awaited: dict[tuple[Future, asyncio.AbstractEventLoop], asyncio.Future] = {}

    def submit(self, key: Hashable, read: Callable[[], Any]) -> Future:
        """A future for what ``read`` returns. The same ``key`` gives the same future; ``None`` shares with nobody.

        A key must therefore name the moment too (the cursor, say). A failed reading is not kept.
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

    async def result(self, key: Hashable, read: Callable[[], Any], seconds: float) -> Any:
        """What ``read`` returns, for a coroutine; whoever awaits the same reading in a loop is woken by one call.

        Raises what the reading raised, and TimeoutError after so many seconds.
        """
        future = self.submit(key, read)
        if future.done():
            return future.result()
        place = (future, asyncio.get_running_loop())
        news = self._awaited.get(place)
        if news is None:
            news = self._awaited[place] = asyncio.wrap_future(future)
            news.add_done_callback(lambda done: self._awaited.pop(place, None))
        await asyncio.wait([news], timeout=seconds)
        if not news.done():
            raise TimeoutError(f"A reading took longer than {seconds:.0f} s.")
        return news.result()


def _with_fresh_connection(read: Callable[[], Any]) -> Any:
    close_old_connections()
    try:
        return read()
    finally:
        if connection.vendor == "sqlite":
            connection.close_at = time.monotonic() + OPEN_SECONDS
        close_old_connections()
