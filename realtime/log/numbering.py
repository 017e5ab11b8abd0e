"""Numbering: moves committed events from the outbox into the log, where each gets its id.

Ids follow commit order although writers hold no lock. A row of the outbox becomes visible with the commit of its
transaction. Only one process numbers at a time (an advisory lock), and what it finds gets the next ids. So whoever has
read an id never sees a smaller one appear later. Whoever finds the lock taken leaves: the holder looks again after its
own commit, and finds what was committed meanwhile (docs/architecture/log.md, "Ids follow commit order").
"""

import enum
from collections.abc import Callable
from typing import NamedTuple

from django.db import OperationalError, connection, transaction

from . import numbering_postgresql, numbering_sqlite
from .models import OutboxEvent

BATCH = 500  # events in one transaction of numbering
QUERY_CANCELED = "57014"


class Outcome(enum.Enum):
    """How an attempt to number ended: nothing is left, or another process is numbering."""

    DONE = "done"
    TAKEN = "taken"


class Numbered(NamedTuple):
    """The result of one attempt. ``ids`` are those of the events that got their places, in order."""

    ids: list[int]
    outcome: Outcome
    scan_lags: bool = False


def pending() -> bool:
    """Whether committed events wait for their places."""
    return lowest_pending() is not None


def lowest_pending() -> int | None:
    """The first row of the outbox; ``None`` when it is empty."""
    if connection.vendor == "sqlite":
        return OutboxEvent.objects.values_list("pk", flat=True).first()
    return numbering_postgresql.lowest_pending()


def number(told: Callable[[list[int]], None] = lambda ids: None, *, queue: bool = False) -> Numbered:
    """Give all visible events of the outbox their places, unless another process is doing it.

    ``told`` is called with the ids of each batch that is committed. With ``queue``, wait for another process for a
    second at most.

    Commits a transaction for each batch, and looks again after each commit. Raises DatabaseError where the database
    cannot number, such as a standby. Ids of which the commit is unknown are then forgotten: readers find in the log
    what was committed.
    """
    if connection.vendor == "sqlite":
        with transaction.atomic():
            numbered = number_in_transaction()
        told(numbered)
        return Numbered(numbered, Outcome.DONE)
    if connection.in_atomic_block:  # the commit of the numbering would be that of the caller's changes
        raise transaction.TransactionManagementError("Events are numbered in a transaction of their own.")
    ids: list[int] = []
    scan_lags = False
    limit = BATCH
    while True:
        try:
            moved = numbering_postgresql.move(limit, queue=queue)
        except OperationalError as error:
            if limit > 1 and getattr(error.__cause__, "sqlstate", "") == QUERY_CANCELED:
                limit = max(1, limit // 10)  # too many at once for the time limit of a statement
                continue
            raise
        scan_lags = scan_lags or moved.scan_lags
        returns = moved.out_of_range and not moved.ids
        if moved.ids is None or (returns and not numbering_postgresql.bring_back()):
            return Numbered(ids, Outcome.TAKEN, scan_lags)
        ids += moved.ids
        queue = False
        told(moved.ids)  # first: subscribers wait for it
        if not pending():
            return Numbered(ids, Outcome.DONE, scan_lags)


def number_in_transaction() -> list[int]:
    """On SQLite: number all events of the outbox within the caller's transaction. Return their ids."""
    return numbering_sqlite.move()


def renew_epoch(known: int | None, cut: int | None = None) -> bool:
    """Begin a new epoch of the log, unless one has begun since the epoch ``known``.

    Return ``False`` if another process is numbering: try again. No id above ``cut`` stays valid; ``None`` cuts the
    history behind its newest event.
    """
    if connection.vendor == "sqlite":
        return numbering_sqlite.renew(known, cut)
    if connection.in_atomic_block:
        raise transaction.TransactionManagementError("An epoch begins in a transaction of its own.")
    return numbering_postgresql.renew(known, cut) or (
        numbering_postgresql.bring_back() and numbering_postgresql.renew(known, cut)
    )
