"""The only door out: events after a cursor.

The log is read in pages of fixed id ranges. A page below the tail never changes again, so returning clients share
one reading of it, however many they are and wherever in the page their cursors stand.
"""

import bisect
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from django.db.models import Max, QuerySet

from . import events
from .models import Event, LogMark

PAGE = 250
LARGEST_ID = 2**63 - 1
TOO_OLD = "last_event_id is older than the log keeps"


class Frame:
    """One event as it is delivered: read once and encoded once per process, shared by all who listen there."""

    def __init__(self, row: Any) -> None:
        """``row`` is an ``Event``, or has the same fields."""
        self.id: int = row.id
        self.type: str = row.type
        self.topic: str | None = events.topic_of(row.type)
        self.fields: dict[str, Any] = row.fields
        self.audience: frozenset[str] = frozenset(row.audience)
        self.json: str = events.envelope(row.id, row.type, row.at, row.fields)

    @cached_property
    def sse(self) -> bytes:
        """The event as Server-Sent Events carry it."""
        return f"id: {self.id}\ndata: {self.json}\n\n".encode()

    def __repr__(self) -> str:
        return f"<Frame {self.id} {self.type}>"


Written = TypeVar("Written")


class Batch(tuple[Frame, ...]):
    """Events that go out in one write. How a transport writes them is worked out once for all who are told the same."""

    @cached_property
    def _memo(self) -> dict[Callable, Any]:
        return {}

    def written(self, how: Callable[["Batch"], Written]) -> Written:
        """What this function makes of them; equal functions are asked once."""
        if how not in self._memo:
            self._memo[how] = how(self)
        return self._memo[how]


NO_EVENTS = Batch()


class Stretch(list[Frame]):
    """Events that follow one another. All who stand before them share it, and what is worked out of it (``memo``)."""

    def __init__(self, frames: Iterable[Frame] = ()) -> None:
        super().__init__(frames)
        self.memo: dict[Hashable, Any] = {}

    def beginning(self, number: int) -> "Stretch":
        """The first so many of them, shared likewise."""
        if len(self) <= number:
            return self
        if number not in self.memo:
            self.memo[number] = Stretch(self[:number])
        return self.memo[number]

    @cached_property
    def audience(self) -> frozenset[str]:
        """The keys of everybody who may see any of them."""
        return frozenset().union(*(frame.audience for frame in self))


class Start(NamedTuple):
    """Where a reader starts: after ``cursor``; ``reset`` says why its own cursor was of no use (else empty).

    ``newest`` is the id at which the log stood when it was asked.
    """

    cursor: int
    reset: str = ""
    newest: int = 0


def head() -> int:
    """The id of the newest event; 0 when there never was one."""
    return _ends()[0]


def _ends() -> tuple[int, int]:
    newest = Event.objects.aggregate(newest=Max("id"))["newest"]
    pruned = pruned_to()
    return max(newest or 0, pruned), pruned


def pruned_to() -> int:
    """The highest id that pruning has removed; read after events, what is missing from them is behind it."""
    return LogMark.objects.values_list("pruned_to", flat=True).first() or 0


def start(raw: str | None) -> Start:
    """Check a cursor that a client sent (``None`` or empty: it has none, and starts from now).

    A cursor that is not a whole number, older than the log keeps, or ahead of the log (a restored backup, or a lie)
    cannot promise that nothing was missed: the reader is told to reset and starts from now.
    """
    newest, pruned = _ends()
    if not raw:
        return Start(newest, newest=newest)
    text = raw.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= LARGEST_ID):
        return Start(newest, "last_event_id is not a whole number", newest)
    cursor = int(text)
    if cursor > newest:
        return Start(newest, "last_event_id is ahead of the log", newest)
    if cursor < pruned:
        return Start(newest, TOO_OLD, newest)
    return Start(cursor, newest=newest)


def _rows() -> QuerySet:
    return Event.objects.order_by("id").values_list("id", "type", "at", "fields", "audience", named=True)


def tail(cursor: int, limit: int) -> list[Frame]:
    """At most ``limit`` events after ``cursor``, oldest first."""
    return [Frame(row) for row in _rows().filter(id__gt=cursor)[:limit]]


@dataclass(frozen=True)
class Page:
    """Some of the log's events, and the highest id that had been pruned when they had been read."""

    frames: tuple[Frame, ...]
    pruned_to: int
    _stretches: dict[int, Stretch] = field(default_factory=dict)

    def after(self, cursor: int) -> Stretch:
        """The events after a cursor, shared by all who stand before the same one."""
        start = bisect.bisect_right(self.frames, cursor, key=lambda frame: frame.id)
        if start not in self._stretches:
            self._stretches[start] = Stretch(self.frames[start:])
        return self._stretches[start]


def page(number: int, up_to: int) -> Page:
    """The events with ids ``number * PAGE + 1`` to ``(number + 1) * PAGE``, none of them above ``up_to``."""
    first = number * PAGE + 1
    last = min(first + PAGE - 1, up_to)
    frames = tuple(Frame(row) for row in _rows().filter(id__gte=first, id__lte=last))
    return Page(frames, pruned_to())


def page_of(cursor: int) -> int:
    """The number of the page that holds the first id after ``cursor``."""
    return cursor // PAGE
