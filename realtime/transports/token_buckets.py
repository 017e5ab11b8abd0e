"""Token buckets, one for each of many keys, in bounded memory."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

KEYS = 20_000
NEARLY = 1e-6  # sums of fractions never come out even


class TokenBuckets:
    """A bucket per key: ``most`` tokens at once, refilled with ``a_second`` tokens per second.

    A full bucket is forgotten. Beyond ``keys`` buckets, the least recently used one is.
    """

    def __init__(
        self, most: float, a_second: float, *, keys: int = KEYS, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._a_second = a_second
        self._keys = keys
        self._now = now
        self._lock = threading.Lock()
        self._held: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # key -> what was left, and when

    def __len__(self) -> int:
        """The number of buckets in memory."""
        return len(self._held)

    def take(self, key: Hashable) -> int:
        """Take a token and return 0; or take none and return the whole seconds until there is one."""
        with self._lock:
            left = self._left(key)
            if left < 1 - NEARLY:
                return max(1, math.ceil((1 - left) / self._a_second - NEARLY))
            self._keep(key, left - 1)
            return 0

    def give_back(self, key: Hashable) -> None:
        """Return a token."""
        with self._lock:
            left = self._left(key) + 1
            if left < self._most:
                self._keep(key, left)
            else:
                self._held.pop(key, None)

    def _left(self, key: Hashable) -> float:
        left, at = self._held.get(key, (self._most, 0.0))
        return min(self._most, left + (self._now() - at) * self._a_second)

    def _keep(self, key: Hashable, left: float) -> None:
        self._held[key] = (left, self._now())
        self._held.move_to_end(key)
        while len(self._held) > self._keys:
            self._held.popitem(last=False)
