"""A semaphore for threads whose waiters are served in the order in which they came.

Whoever comes late to Python's own may pass those who wait. Under load, some of these would wait in vain.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

LOOK_SECONDS = 0.5  # between two questions of a waiter whether waiting is of any use


class FairSemaphore:
    """At most ``number`` threads hold it at once."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._free = number
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @property
    def waiting(self) -> int:
        """How many threads wait for it."""
        return len(self._waiting)

    @property
    def free(self) -> int:
        """How many threads more could hold it."""
        return self._free

    def acquire(self, seconds: float, in_vain: Callable[[float], bool] = lambda waited: False) -> bool:
        """Wait for at most so many seconds. Return whether the thread holds it now.

        ``in_vain`` is asked now and then, with the seconds that were waited: ``True`` ends the wait.
        """
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        begun = time.monotonic()
        while not turn.wait(max(0.0, min(LOOK_SECONDS, begun + seconds - time.monotonic()))):
            waited = time.monotonic() - begun
            if waited >= seconds or in_vain(waited):
                return self._left(turn)
        return True

    def _left(self, turn: threading.Event) -> bool:
        """Leave the queue. Return whether the turn has come in this very moment."""
        with self._lock:
            if turn.is_set():
                return True
            self._waiting.remove(turn)
            return False

    def release(self) -> None:
        """Hand it to whoever has waited longest, if anybody waits."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
