"""State frames: the present state of something, sent on connect and after the events that change it.

They carry no id. An app declares what can be shown (``State``); a stream shows some of it, at most once a second.
"""

import itertools
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..access.authority import Viewer
from ..log.events import to_json
from ..log.replay import Frame

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


class Want(NamedTuple):
    """Something to be shown to a viewer: these subjects of a state (``None``: all there is), as they are at the cursor
    ``since`` or later."""

    state: State
    viewer: Viewer
    subjects: Subjects
    since: int


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

    def reading(self, want: Want) -> Reading:
        """The reading that shows this. Whoever asks has it done: until it begins, others add to it."""
        place = self._place(want)
        with self._lock:
            found = self._newest.get(place)
            if found is None or not self._serves(found, want):
                self._newest.pop(place, None)
                found = Reading(self, next(self._numbers), want.state, want.viewer, want.subjects is None)
                self._newest[place] = found
                if len(self._newest) > SCOPES:
                    del self._newest[next(iter(self._newest))]
            if found.began is None:
                found.subjects.update(want.subjects or ())
                found.since = max(found.since, want.since)
            return found

    def find(self, want: Want) -> Reading | None:
        """The reading of somebody else that would show this, if there is one; nothing is asked for."""
        found = self._newest.get(self._place(want))
        return found if found is not None and self._serves(found, want) else None

    @staticmethod
    def _place(want: Want) -> Hashable:
        return (want.state.name, want.state.scope(want.viewer), want.subjects is None)

    @staticmethod
    def _serves(reading: Reading, want: Want) -> bool:
        if reading.began is None:
            return True
        fresh = time.monotonic() - reading.began < FRESH_SECONDS
        return fresh and reading.since >= want.since and reading.subjects >= (want.subjects or frozenset())

    def begin(self, reading: Reading) -> frozenset[Hashable]:
        """A reading begins: nobody can add to it any more. What it is to read of."""
        with self._lock:
            reading.began = time.monotonic()
            reading.since = max(reading.since, self._cursor())
            return frozenset(reading.subjects)
