"""State frames: the present state of something, sent on connect and after the events that change it.

They carry no id. An app declares what can be shown (``State``); a stream shows some of it, at most once a second.
"""

import itertools
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from .authority import Viewer
from .events import to_json
from .replay import Frame

Subjects = frozenset[Hashable] | None

FRESH_SECONDS = 1.0  # a reading that began longer ago serves nobody new
SCOPES = 1_000  # readings that are remembered; whoever finds none makes one


@dataclass(frozen=True)
class State:
    """Something whose present state streams show.

    ``name`` tells readings apart. ``subject`` says what of it an event changes (a project's id, say), or ``None``
    when the event leaves it alone. ``read`` gives the frames (dicts) for a viewer: those of the subjects that changed,
    or, with ``None``, those of all there is, for a stream that has just opened (where ``opens``). ``scope`` names what
    a viewer sees of it: viewers of the same scope share one reading.
    """

    name: str
    subject: Callable[[Frame], Hashable | None]
    read: Callable[[Viewer, Subjects], list[dict[str, Any]]]
    scope: Callable[[Viewer], Hashable]
    opens: bool = True

    def encoded(self, viewer: Viewer, subjects: Subjects) -> list[str]:
        """The frames as JSON."""
        return [to_json(frame) for frame in self.read(viewer, subjects)]


class Reading:
    """One reading of a state, for all who may share it. Called once, in whatever thread has time for it."""

    def __init__(self, shelf: "Shelf", number: int, state: State, viewer: Viewer, whole: bool) -> None:
        self.key = ("state", number)
        self.subjects: set[Hashable] = set()
        self.since = 0  # what it shows is not older than this cursor
        self.began: float | None = None
        self._shelf, self._state, self._viewer, self._whole = shelf, state, viewer, whole

    def __call__(self) -> list[str]:
        subjects = self._shelf.begin(self)
        return self._state.encoded(self._viewer, None if self._whole else subjects)


class Shelf:
    """Which reading serves whom. Of what people see alike one reading is at work and one waits, however many ask.

    A reading that has not begun serves everybody: what they have read of the log lies before it. One that has begun
    serves those who stand where the log stood then, or before, and ask for nothing that it leaves out.
    """

    def __init__(self, cursor: Callable[[], int]) -> None:
        """``cursor`` says up to which id this process has read the log."""
        self._cursor = cursor
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._newest: dict[Hashable, Reading] = {}

    def reading(self, state: State, viewer: Viewer, subjects: Subjects, since: int) -> Reading:
        """The reading that shows these subjects (``None``: all there is) as they are at this cursor, or later."""
        place = (state.name, state.scope(viewer), subjects is None)
        with self._lock:
            found = self._newest.get(place)
            if found is None or not self._serves(found, subjects or frozenset(), since):
                self._newest.pop(place, None)
                found = self._newest[place] = Reading(self, next(self._numbers), state, viewer, subjects is None)
                if len(self._newest) > SCOPES:
                    del self._newest[next(iter(self._newest))]
            if found.began is None:
                found.subjects.update(subjects or ())
                found.since = max(found.since, since)
            return found

    @staticmethod
    def _serves(reading: Reading, subjects: frozenset[Hashable], since: int) -> bool:
        if reading.began is None:
            return True
        fresh = time.monotonic() - reading.began < FRESH_SECONDS
        return fresh and reading.since >= since and reading.subjects >= subjects

    def begin(self, reading: Reading) -> frozenset[Hashable]:
        """A reading begins: nobody can add to it any more. What it is to read of."""
        with self._lock:
            reading.began = time.monotonic()
            reading.since = max(reading.since, self._cursor())
            return frozenset(reading.subjects)
