"""State frames: the present state of something, sent on connect and after the events that change it.

State frames carry no id. An application declares what can be shown (``State``). A connection shows each state at most
once a second, or at the state's own pace. Connections that would see the same frames share one query, a ``Snapshot``.
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

STATE_SECONDS = 1.0  # the least time between two frames of the same state, unless the state has another pace
FRESH_SECONDS = 1.0  # an older snapshot serves no new request
SCOPES = 1_000  # snapshots that are remembered; a request that finds none makes one


@dataclass(frozen=True)
class State:
    """Something whose present state connections show.

    ``name`` tells states apart. ``subject`` returns which part of the state an event changes (a project's id, say), or
    ``None`` when the event does not change it. ``read`` returns the frames (dicts) for a viewer: those of the changed
    subjects, or, given ``None``, those of the whole state, for a new connection (where ``opens``). ``scope`` names what
    a viewer sees of the state: viewers of the same scope share a snapshot. ``pace``: the least seconds between two
    frames of the state on one connection, now.
    """

    name: str
    subject: Callable[[Frame], Hashable | None]
    read: Callable[[Viewer, Subjects], list[dict[str, Any]]]
    scope: Callable[[Viewer], Hashable]
    opens: bool = True
    pace: Callable[[], float] = lambda: STATE_SECONDS

    def encoded(self, viewer: Viewer, subjects: Subjects) -> list[str]:
        """The frames as JSON."""
        return [to_json(frame) for frame in self.read(viewer, subjects)]


class SnapshotRequest(NamedTuple):
    """What a connection has to show: these subjects of a state (``None``: all), as of the cursor ``since`` or later.

    It must not have been read before the moment ``read_from`` (``time.monotonic``).
    """

    state: State
    viewer: Viewer
    subjects: Subjects
    since: int
    read_from: float = 0.0


class Snapshot:
    """One reading of a state, shared by every request that it serves. Called once, by a reader thread."""

    def __init__(self, cache: "SnapshotCache", number: int, state: State, viewer: Viewer, whole: bool) -> None:
        self.key = ("state", number)
        self.subjects: set[Hashable] = set()
        self.since = 0  # the snapshot is not older than this cursor
        self.began: float | None = None
        self._cache, self._state, self._viewer, self._whole = cache, state, viewer, whole

    def __call__(self) -> list[str]:
        subjects = self._cache.begin(self)
        return self._state.encoded(self._viewer, None if self._whole else subjects)


class SnapshotCache:
    """Finds the snapshot that serves a request. Per scope one snapshot is being read and one waits, whatever the load.

    A snapshot that has not begun serves every request, since it will read what is newer. A snapshot that has begun
    serves requests whose cursor is not past the log's position at that time, whose subjects it includes, and which do
    not ask for a later one.
    """

    def __init__(self, cursor: Callable[[], int]) -> None:
        """``cursor`` returns the id up to which this process has read the log."""
        self._cursor = cursor
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._newest: dict[Hashable, Snapshot] = {}

    def request(self, request: SnapshotRequest) -> Snapshot:
        """The snapshot that serves this request. The caller must have it read: until it begins, others add to it."""
        key = self._key(request)
        with self._lock:
            found = self._newest.get(key)
            if found is None or not self._serves(found, request):
                self._newest.pop(key, None)
                found = Snapshot(self, next(self._numbers), request.state, request.viewer, request.subjects is None)
                self._newest[key] = found
                if len(self._newest) > SCOPES:
                    del self._newest[next(iter(self._newest))]
            if found.began is None:
                found.subjects.update(request.subjects or ())
                found.since = max(found.since, request.since)
            return found

    def find(self, request: SnapshotRequest) -> Snapshot | None:
        """The snapshot of an earlier request that would serve this one, if there is any. Requests nothing."""
        found = self._newest.get(self._key(request))
        return found if found is not None and self._serves(found, request) else None

    @staticmethod
    def _key(request: SnapshotRequest) -> Hashable:
        return (request.state.name, request.state.scope(request.viewer), request.subjects is None)

    @staticmethod
    def _serves(snapshot: Snapshot, request: SnapshotRequest) -> bool:
        if snapshot.began is None:
            return True
        fresh = time.monotonic() - snapshot.began < FRESH_SECONDS and snapshot.began >= request.read_from
        return fresh and snapshot.since >= request.since and snapshot.subjects >= (request.subjects or frozenset())

    def begin(self, snapshot: Snapshot) -> frozenset[Hashable]:
        """Close a snapshot for further requests and return its subjects."""
        with self._lock:
            snapshot.began = time.monotonic()
            snapshot.since = max(snapshot.since, self._cursor())
            return frozenset(snapshot.subjects)
