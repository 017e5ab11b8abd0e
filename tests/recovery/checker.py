"""Checks that each client has every event of the new history, or was told to reset and has every event since.

It is a pure function of what clients recorded and of the log as it is in the end.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

Event = tuple[int, dict[str, Any]]  # its id, and what the envelope says besides


@dataclass
class Segment:
    """What a client received from a cursor on, until it was told to reset. ``cursor`` is ``None`` while not known."""

    cursor: int | None
    events: list[Event] = field(default_factory=list)


@dataclass
class Record:
    """What one client received: a segment, and one more for each reset."""

    name: str
    keys: Collection[str]  # of the audience, that its user holds
    segments: list[Segment]
    cursor: int  # where it stands in the end


@dataclass(frozen=True)
class Logged:
    """An event of the new history."""

    id: int
    envelope: dict[str, Any]
    audience: frozenset[str]


def faults(records: Iterable[Record], log: Sequence[Logged]) -> list[str]:
    """Everything that is wrong, in words. There must be nothing."""
    known = {event.id: event.envelope for event in log}
    found: list[str] = []
    for record in records:
        visible = [event.id for event in log if event.audience & set(record.keys)]
        last = record.segments[-1]
        if last.cursor is None:
            found.append(f"{record.name}: reset and never told where it stands")
            continue
        got = [event_id for event_id, _ in last.events]
        if got != sorted(set(got)):
            found.append(f"{record.name}: twice or out of order: {got}")
        if missing := [one for one in visible if one > last.cursor and one not in set(got)]:
            found.append(f"{record.name}: stood at {last.cursor}, was not told to reset, and missed {missing}")
        if lost := [one for one in got if one not in known]:
            found.append(f"{record.name}: has read a lost history and was not told to reset: {lost}")
        if log and record.cursor < log[-1].id:
            found.append(f"{record.name}: stands at {record.cursor} and never came to the end at {log[-1].id}")
        for segment in record.segments:
            for event_id, envelope in segment.events:
                if event_id in known and known[event_id] != envelope:
                    found.append(f"{record.name}: {event_id} was given twice: {envelope} and {known[event_id]}")
    return found
