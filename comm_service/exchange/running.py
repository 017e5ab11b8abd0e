"""What the loops of publisher and consumer share: they end when they are told to, and wait longer after each fault."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 30.0


class Waits:
    """The waits between two tries: each twice as long as the one before, up to a bound."""

    def __init__(self) -> None:
        self._next = FIRST_WAIT_SECONDS

    def next(self) -> float:
        """The seconds to wait now."""
        wait, self._next = self._next, min(self._next * 2, LONGEST_WAIT_SECONDS)
        return wait

    def reset(self) -> None:
        """Begin with a short wait again: it worked."""
        self._next = FIRST_WAIT_SECONDS


@contextmanager
def until_told() -> Iterator[threading.Event]:
    """Within this block, SIGTERM and SIGINT set the event that is yielded."""
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
