"""Lists without a bound: rows are read in chunks, so that a list of any length takes the memory of one chunk."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from .ordering import beyond, in_order, newest_column

CHUNK = 500  # rows


def chunks(rows: QuerySet[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """The rows, newest first, in lists of ``size``; the last one is shorter, and may be empty.

    Each is a query of its own, which begins where the one before ended, so none keeps a cursor or a transaction open
    while the client reads. Rows of the same time come in the order of their ids.
    """
    newest = newest_column(rows.model)
    ordered = part = in_order(rows)
    while True:
        found = list(part[:size])
        yield found
        if len(found) < size:
            return
        part = beyond(ordered, getattr(found[-1], newest), found[-1].pk)
