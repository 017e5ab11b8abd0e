"""The look-ups of an answer: each object once, in parallel, in the time that the whole answer has for them.

What is not known by then is null. What a service said is kept for a few seconds, for the answers that follow.
"""

import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any

from .fields import Key
from .known import Known
from .sources import ask, needs_call

ANSWER_SECONDS = 5.0  # for all look-ups of an answer together
THREADS = 16  # of a process, for all answers
MEMORY = 10_000  # objects that an answer remembers, and that are kept for others

known = Known(MEMORY)
_pool: ThreadPoolExecutor | None = None
_lock = Lock()


def look_up(wanted: Iterable[Key]) -> dict[Key, Any]:
    """What the other services say of each key, ``None`` where they say nothing. For an answer of one part."""
    return LookUps().of(wanted)


class LookUps:
    """The look-ups of one answer, which may be made in several parts."""

    def __init__(self, seconds: float = ANSWER_SECONDS) -> None:
        self._until = time.monotonic() + seconds
        self._said: dict[Key, Any] = {}

    def of(self, wanted: Iterable[Key]) -> dict[Key, Any]:
        """What the other services say of each key, ``None`` where they say nothing, or nothing in time."""
        keys: dict[Key, Any] = {
            key: None if needs_call(key) else ask(key, self._until) for key in dict.fromkeys(wanted)
        }
        if len(self._said) > MEMORY:
            self._said.clear()
        asked: dict[Key, Future[Any]] = {}
        for key in filter(needs_call, keys):
            if key in self._said:
                continue
            found, value = known.get(key)
            if found:
                self._said[key] = value
            elif time.monotonic() < self._until:
                asked[key] = _submit(key, self._until)
        wait(asked.values(), timeout=max(0.0, self._until - time.monotonic()))
        for key, future in asked.items():
            self._said[key] = future.result() if future.done() and not future.cancelled() else None
            future.cancel()
        return {key: self._said.get(key, value) for key, value in keys.items()}


def _submit(key: Key, until: float) -> "Future[Any]":
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(THREADS, thread_name_prefix="comm-look-up")
        return _pool.submit(_ask_and_keep, key, until)


def _ask_and_keep(key: Key, until: float) -> Any:
    if time.monotonic() >= until:
        return None
    found, value = known.get(key)  # another answer may have asked meanwhile
    if not found:
        value = ask(key, until)
        known.keep(key, value)
    return value
