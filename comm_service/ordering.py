"""The order of lists: newest first, and rows of the same time by their ids."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import DateTimeField, ExpressionWrapper, F, Model, Q, QuerySet, Subquery


def newest_column(model: type[Model]) -> str:
    """The column that says how new a row is."""
    [first] = model._meta.ordering or ()
    return str(first).removeprefix("-")


def in_order(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows, newest first."""
    return rows.order_by(f"-{newest_column(rows.model)}", "-pk")


def beyond(ordered: QuerySet[Any], moment: datetime | str | None, row_id: UUID | str) -> QuerySet[Any]:
    """The rows that follow the one of this time and id. Both may be as answers write them."""
    newest = newest_column(ordered.model)
    at: Any = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    if at is None:
        at = _stored_time(ordered.model, newest, row_id)
    # The first condition is for the index, which cannot use the second one.
    reached = ordered.filter(**{f"{newest}__lte": at})
    return reached.filter(Q(**{f"{newest}__lt": at}) | Q(pk__lt=row_id))


def _stored_time(model: type[Model], newest: str, row_id: UUID | str) -> Subquery:
    """The time of a row for conditions, where Python cannot hold it: the database compares it with those of others."""
    kept = ExpressionWrapper(F(newest), output_field=DateTimeField())
    return Subquery(model._default_manager.filter(pk=row_id).order_by().annotate(kept=kept).values("kept"))
