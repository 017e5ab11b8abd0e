"""What other services said a moment ago."""

import time
from collections import OrderedDict
from threading import Lock
from typing import Any

from .fields import Key

KEPT_SECONDS = 10.0
NULL_SECONDS = 2.0  # a service that said nothing is asked again soon, yet not for each answer


class Known:
    """Values with the time until which they hold; the oldest make room for new ones. For any number of threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Key, tuple[float, Any]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> tuple[bool, Any]:
        """Whether something is known of a key, and what. ``None`` is known of one of which nothing was said."""
        with self._lock:
            until, value = self._kept.get(key, (0.0, None))
        return time.monotonic() < until, value

    def keep(self, key: Key, value: Any) -> None:
        """Keep what was said, for a few seconds."""
        until = time.monotonic() + (NULL_SECONDS if value is None else KEPT_SECONDS)
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = (until, value)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
