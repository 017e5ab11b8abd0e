"""Counters in events: they are filled in when an event gets its place, since only then are they final.

A count that is taken earlier may be wrong by the commit: another transaction may change what it counts. Taking a lock
until the commit would make writers wait for each other. So a writer leaves the field empty, and numbering
(realtime/log/numbering.py) counts in the statement that gives the event its place. Of several events about one person
that get their places together, each shows the count before those after it that add one.
"""

from collections.abc import Iterable
from typing import NamedTuple

from .events import EventType


class Counter(NamedTuple):
    """A field of some event types, and the SQL that counts. ``{person}`` in it stands for the user's id.

    ``growing`` are those of the types that add one.
    """

    types: frozenset[str]
    growing: frozenset[str]
    field: str
    sql: str


counters: list[Counter] = []


def register_counter(
    types: Iterable[type[EventType]], field: str, sql: str, growing: Iterable[type[EventType]] = ()
) -> None:
    """Fill in ``field`` of these event types with the result of ``sql`` when they are numbered.

    ``sql`` is one scalar query that PostgreSQL and SQLite both understand, with ``{person}`` for the id of the user
    whom the announcement named (``Announcement.person_id``). It must not contain a percent sign. Each event of a
    type in ``growing`` adds one to the count.
    """
    counters.append(Counter(_names(types), _names(growing), field, sql))


def _names(types: Iterable[type[EventType]]) -> frozenset[str]:
    return frozenset(one.type for one in types)


def listed(names: Iterable[str]) -> str:
    """Names of event types as a list of SQL. Never empty, which SQL does not allow."""
    return ", ".join(f"'{name}'" for name in sorted(names)) or "''"


def later(growing: Iterable[str]) -> str:
    """SQL for how many later events about the same person in ``taken`` add one to a count."""
    return (
        f"COUNT(CASE WHEN taken.type IN ({listed(growing)}) THEN 1 END) OVER (PARTITION BY taken.person_id "
        "ORDER BY taken.id ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)"
    )
