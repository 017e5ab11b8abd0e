"""Counters in events: they are filled in when an event gets its place, since only then are they final.

A count that is taken earlier may be wrong by the commit: another transaction may change what it counts. Taking a lock
until the commit would make writers wait for each other. So a writer leaves the field empty, and numbering
(realtime/log/numbering.py) counts in the statement that gives the event its place. Several events about one person that
get their places together all show the count after the last of them.
"""

from collections.abc import Iterable
from typing import NamedTuple

from .events import EventType


class Counter(NamedTuple):
    """A field of some event types, and the SQL that counts. ``{person}`` in it stands for the user's id."""

    types: frozenset[str]
    field: str
    sql: str


counters: list[Counter] = []


def register_counter(types: Iterable[type[EventType]], field: str, sql: str) -> None:
    """Fill in ``field`` of these event types with the result of ``sql`` when they are numbered.

    ``sql`` is one scalar query that PostgreSQL and SQLite both understand, with ``{person}`` for the id of the user
    whom the announcement named (``Announcement.person_id``). It must not contain a percent sign.
    """
    counters.append(Counter(frozenset(one.type for one in types), field, sql))
