"""Whether the storage answers, asked by one request at a time and remembered for all: a circuit breaker."""

import threading
import time
from collections.abc import Callable

REMEMBERED_SECONDS = 5.0


class Availability:
    """Remembers what ``ask`` returned for a few seconds.

    While one thread asks, the others take the answer before it. Nobody waits for a storage that does not answer, but
    for the one who asks, whose waiting ``ask`` has to bound.
    """

    def __init__(self, ask: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._clock = ask, clock
        self._asking = threading.Lock()
        self._answer = False
        self._until = float("-inf")

    def __call__(self) -> bool:
        """Whether it answers, as far as is known."""
        if self._clock() < self._until:
            return self._answer
        first = self._until == float("-inf")
        if not self._asking.acquire(blocking=first):
            return self._answer
        try:
            if self._clock() >= self._until:
                self._answer = self._ask()
                self._until = self._clock() + REMEMBERED_SECONDS
            return self._answer
        finally:
            self._asking.release()

    def failed(self) -> None:
        """It has just not answered to somebody else's request."""
        self._answer, self._until = False, self._clock() + REMEMBERED_SECONDS

    def forget(self) -> None:
        """Ask again the next time."""
        self._until = float("-inf")
