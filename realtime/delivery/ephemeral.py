"""Messages that are not in the log and have no id: whoever is connected now gets them once."""

import threading
from collections import deque
from typing import NamedTuple

EPHEMERALS = 1_000


class EphemeralMessage(NamedTuple):
    """A message that is not in the log and has no id. ``json`` is one object."""

    topic: str
    audience: frozenset[str]
    json: str


class EphemeralMessages:
    """The newest ephemeral messages of a process. ``count``: all so far, of which a subscriber has seen some."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[tuple[int, EphemeralMessage]] = deque(maxlen=EPHEMERALS)
        self.count = 0

    def add(self, message: EphemeralMessage) -> None:
        """Keep a message for the subscribers."""
        with self._lock:
            self.count += 1
            self._kept.append((self.count, message))

    def after(self, number: int) -> list[EphemeralMessage]:
        """The messages after the first ``number`` of them, as far as they are kept."""
        if number >= self.count:
            return []
        with self._lock:
            return [message for seen, message in self._kept if seen > number]
