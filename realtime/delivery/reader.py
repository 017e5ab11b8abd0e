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

from .staggered import Relay
from .wait_queue import Waiting

THREADS = 4
READ_SECONDS = 30.0  # the longest that a connection waits for its own reading
KEPT = 32  # results; a page of the log with long messages is about a megabyte
OPEN_SECONDS = 5.0  # a thread's connection with SQLite stays open: opening one costs ten times what most readings do

_relays = threading.Lock()  # held while a reading gets one


class Reader:
    """Runs readings on a few threads; keeps the newest results for those who ask for the same thing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._kept: dict[Hashable, Future] = {}

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

    def has(self, key: Hashable) -> bool:
        """Whether the result of a reading is at hand."""
        known = self._kept.get(key)
        return known is not None and known.done() and not known.exception()


async def result_of(reading: Future) -> Any:
    """What a reading gave, for a coroutine, which waits for it no longer than ``READ_SECONDS``.

    Raises TimeoutError then, and whatever the reading raised. It goes on all the same: others may wait for it.
    """
    if not reading.done():
        await waiting_for(reading, asyncio.get_running_loop()).stay(READ_SECONDS)
        if not reading.done():
            raise TimeoutError
    return reading.result()


def result_for_thread(reading: Future) -> Any:
    """As ``result_of``, for a thread. Many may wait for the same reading: they go on one after the other."""
    if not reading.done():
        relay = _relay_of(reading)
        with relay:
            if not relay.wait_turn(reading.done, READ_SECONDS):
                raise TimeoutError(f"a reading took more than {READ_SECONDS:.0f} s")
    return reading.result()


def _relay_of(reading: Future) -> Relay:
    with _relays:
        relay = reading.__dict__.get("relay")
        if relay is None:
            relay = reading.__dict__["relay"] = Relay()

            def start(_: Future) -> None:
                with relay:
                    relay.start()

            reading.add_done_callback(start)
        return relay


def waiting_for(reading: Future, loop: asyncio.AbstractEventLoop) -> Waiting:
    """Those of a loop who wait for a reading. To be asked in that loop's own thread."""
    known: dict[asyncio.AbstractEventLoop, Waiting] = reading.__dict__.setdefault("waiting", {})
    waiting = known.get(loop)
    if waiting is None:
        waiting = known[loop] = Waiting(loop)

        def wake(_: Future) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(waiting.wake)

        reading.add_done_callback(wake)
    return waiting


def _with_fresh_connection(read: Callable[[], Any]) -> Any:
    close_old_connections()
    try:
        return read()
    finally:
        if connection.vendor == "sqlite":
            connection.close_at = time.monotonic() + OPEN_SECONDS
        close_old_connections()
