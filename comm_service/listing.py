"""Lists without a bound: rows are read in chunks, so that a list of any length takes the memory of one chunk."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import DateTimeField, ExpressionWrapper, F, Model, Q, QuerySet, Subquery

CHUNK = 500  # rows


def chunks(rows: QuerySet[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """The rows, newest first, in lists of ``size``; the last one is shorter, and may be empty.

    Each is a query of its own, which begins where the one before ended, so none keeps a cursor or a transaction open
    while the client reads. Rows of the same time come in the order of their ids.
    """
    newest = rows.model._meta.ordering[0].removeprefix("-")
    ordered = rows.order_by(f"-{newest}", "-pk")
    part = ordered
    while True:
        found = list(part[:size])
        yield found
        if len(found) < size:
            return
        last = found[-1]
        at = getattr(last, newest) or stored_time(rows.model, newest, last.pk)
        # The first condition is for the index, which cannot use the second one.
        part = ordered.filter(**{f"{newest}__lte": at}).filter(Q(**{f"{newest}__lt": at}) | Q(pk__lt=last.pk))


def stored_time(model: type[Model], newest: str, row_id: UUID | str) -> Subquery:
    """The time of a row for conditions, where Python cannot hold it: the database compares it with those of others."""
    kept = ExpressionWrapper(F(newest), output_field=DateTimeField())
    return Subquery(model._default_manager.filter(pk=row_id).order_by().annotate(kept=kept).values("kept"))
