"""Reading the log: the events after a cursor. Every event that is delivered is read by this module.

The log is read in pages of fixed id ranges. A page below the tail never changes again, so all returning clients share
one query for it, wherever in the page their cursors are.
"""

import bisect
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from django.db import connection
from django.db.models import QuerySet

from . import events, position
from .models import Event, LogMark

PAGE = 250
LARGEST_ID = 2**63 - 1  # that is read as a number; ids end long before (realtime/log/place_range.py)
TOO_OLD = "last_event_id is older than the log keeps"
LOST = "last_event_id is of a history that was lost"


class Frame:
    """One event as it is delivered: read once and encoded once per process, shared by all of its subscribers."""

    def __init__(self, row: Any) -> None:
        """``row`` is an ``Event``, or has the same fields."""
        self.id: int = row.id
        self.type: str = row.type
        self.at: datetime = row.at
        self.topic: str | None = events.topic_of(row.type)
        self.fields: dict[str, Any] = events.opened(row.type, row.fields)
        self.audience: frozenset[str] = frozenset(row.audience)
        self.json: str = events.envelope(row.id, row.type, row.at, self.fields)

    @cached_property
    def sse(self) -> bytes:
        """The event as Server-Sent Events carry it."""
        return f"id: {self.id}\ndata: {self.json}\n\n".encode()

    def __repr__(self) -> str:
        return f"<Frame {self.id} {self.type}>"


Encoded = TypeVar("Encoded")


class LogSlice(tuple[Frame, ...]):
    """Events in the order of the log: those after some cursor, or those of them that a subscriber gets.

    Everybody at the same cursor shares the slice, and with it whatever is computed from it (``memo``).
    """

    @cached_property
    def memo(self) -> dict[Hashable, Any]:
        """Results that depend on the slice alone, by a key of the caller's."""
        return {}

    def first(self, number: int) -> "LogSlice":
        """The first ``number`` events, shared in the same way."""
        if len(self) <= number:
            return self
        if number not in self.memo:
            self.memo[number] = LogSlice(self[:number])
        shared: LogSlice = self.memo[number]
        return shared

    def encoded(self, encode: Callable[["LogSlice"], Encoded]) -> Encoded:
        """The result of ``encode``, which is called once for this slice."""
        if encode not in self.memo:
            self.memo[encode] = encode(self)
        shared: Encoded = self.memo[encode]
        return shared

    @cached_property
    def audience(self) -> frozenset[str]:
        """The keys of everybody who may see any of these events."""
        return frozenset().union(*(frame.audience for frame in self))


NO_EVENTS = LogSlice()


class Start(NamedTuple):
    """Where a subscriber starts: after ``cursor``. ``reset`` says why its own cursor could not be used (else empty).

    ``newest`` is the newest id of the log at that moment. ``pending``: there were events that had no place yet.
    ``history`` is the least beginning of the newest epoch (``History.begins``) with which a process may serve it. With
    less it may remember events of a history that was lost.
    """

    cursor: int
    reset: str = ""
    newest: int = 0
    pending: bool = False
    history: int = 0


def head() -> int:
    """The id of the newest event; 0 when there never was one. What was committed before gets its place first."""
    return position.read_numbered().newest


def pruned_to() -> int:
    """The highest id that pruning has removed.

    Read it after reading events: whatever pruning removed in between then has an id up to this one.
    """
    return LogMark.objects.values_list("pruned_to", flat=True).first() or 0


def start(raw: str | None) -> Start:
    """Check a cursor that a client sent. ``None`` or an empty text means that it has none and starts from now.

    With a cursor that is not a whole number, older than the log keeps, ahead of the log (made up), or of a history that
    was lost (a restored backup), the server cannot promise that nothing was missed: the client has to reset and starts
    from now. Raises OutOfRange while the log cannot be served.
    """
    at = position.read_numbered().in_range()
    # Where another epoch is due, no process may serve with the present one. (The first one leaves no ids out.)
    due = at.other_database and at.history.number is not None
    now = Start(at.newest, "", at.newest, at.pending, at.history.begins + due)
    if not raw:
        return now
    text = raw.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= LARGEST_ID):
        return now._replace(reset="last_event_id is not a whole number")
    cursor = int(text)
    if cursor > at.newest:
        # Before the epoch that is due begins, what was lost is only ahead.
        return now._replace(reset=LOST if due else "last_event_id is ahead of the log")
    if at.history.is_lost(cursor):
        return now._replace(reset=LOST)
    if cursor < at.pruned_to:
        return now._replace(reset=TOO_OLD)
    return now._replace(cursor=cursor)


COLUMNS = ("id", "type", "at", "fields", "audience")


def _rows() -> QuerySet[Event, Any]:
    return Event.objects.order_by("id").values_list(*COLUMNS, named=True)


def tail(cursor: int, limit: int) -> list[Frame]:
    """At most ``limit`` events after ``cursor``, oldest first."""
    return [Frame(row) for row in _rows().filter(id__gt=cursor)[:limit]]


class Look(NamedTuple):
    """What a follower of the log finds.

    ``frames`` begin with the event at its own cursor, if that is still there. ``pending``: committed events wait for
    their places. ``fingerprint`` identifies the database (``None``: a standby, which does not count).
    """

    frames: list[Frame]
    pending: bool
    fingerprint: str | None

    @property
    def standby(self) -> bool:
        """Whether a standby has answered. SQLite has none, and no fingerprint either."""
        return self.fingerprint is None and connection.vendor != "sqlite"


def look(cursor: int, limit: int) -> Look:
    """The event at ``cursor`` and at most ``limit`` after it, with the state of the log, in one query.

    Without any event the state is read by a second query.
    """
    here = position.with_state(Event.objects.order_by("id").filter(id__gte=cursor))
    rows = list(here.values_list(*COLUMNS, "pending", "fingerprint", named=True)[: limit + 1])
    if rows:
        return Look([Frame(row) for row in rows], rows[0].pending, rows[0].fingerprint)
    at = position.read()
    return Look([], at.pending, at.fingerprint)


@dataclass(frozen=True)
class Page:
    """The events of one id range, and the highest id that had been pruned after they were read."""

    events: LogSlice
    pruned_to: int
    _slices: dict[int, LogSlice] = field(default_factory=dict)

    def after(self, cursor: int) -> LogSlice:
        """The events after a cursor, shared by everybody at that place."""
        start = bisect.bisect_right(self.events, cursor, key=lambda frame: frame.id)
        if start not in self._slices:
            self._slices[start] = LogSlice(self.events[start:])
        return self._slices[start]


def page(number: int, up_to: int) -> Page:
    """The events with ids ``number * PAGE + 1`` to ``(number + 1) * PAGE``, none of them above ``up_to``."""
    first = number * PAGE + 1
    last = min(first + PAGE - 1, up_to)
    events = LogSlice(Frame(row) for row in _rows().filter(id__gte=first, id__lte=last))
    return Page(events, pruned_to())


def page_of(cursor: int) -> int:
    """The number of the page that holds the first id after ``cursor``."""
    return cursor // PAGE
