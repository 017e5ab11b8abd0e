"""Pages of a list, for clients that ask: ``?page_limit=100``, then the address in the answer's ``Link`` header.

The old side ignores every parameter, ``limit`` and ``page`` among them, and old clients may send those. So these names
are new. A page is an array like the whole list, newest first, and ties go by id.
"""

import base64
import binascii
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from .refusals import Refusal

LIMIT, CURSOR = "page_limit", "page_cursor"
MOST = 1000
LONGEST_CURSOR = 200  # characters


def limit_of(request: HttpRequest) -> int | None:
    """Return how many rows a page has; ``None`` for the whole list. Raise Refusal (400) for what is no such number."""
    said = request.GET.get(LIMIT)
    if said is None:
        return None
    if not (said.isascii() and said.isdecimal() and len(said) < 5 and 1 <= int(said) <= MOST):
        raise Refusal(400, {LIMIT: [f"Must be a whole number from 1 to {MOST}."]})
    return int(said)


def after_cursor(request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows that follow the request's cursor, in the order of pages. Raise Refusal (400) for a bad cursor."""
    newest = newest_column(rows.model)
    rows = rows.order_by(f"-{newest}", "-pk")
    said = request.GET.get(CURSOR)
    if said is None:
        return rows
    moment, row_id = _read(said)
    return rows.filter(Q(**{f"{newest}__lt": moment}) | Q(**{newest: moment, "pk__lt": row_id}))


def link_to_next(request: HttpRequest, limit: int, last: dict[str, Any], newest: str) -> str:
    """The ``Link`` header that leads to the page after the one that ends with this row."""
    said = f"{last[newest].isoformat()} {last['id']}"
    cursor = base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
    query = request.GET.copy()
    query[LIMIT], query[CURSOR] = str(limit), cursor
    return f'<{request.build_absolute_uri(request.path)}?{urlencode(query, doseq=True)}>; rel="next"'


def newest_column(model: type[Model]) -> str:
    """The column by which the rows of a table are listed, newest first."""
    first = model._meta.ordering[0]
    assert isinstance(first, str)
    return first.removeprefix("-")


def _read(cursor: str) -> tuple[datetime, UUID]:
    try:
        if len(cursor) > LONGEST_CURSOR:
            raise ValueError("too long")
        said = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        moment, _, row_id = said.partition(" ")
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None:
            raise ValueError("a time without a zone")
        return at, UUID(row_id)
    except (ValueError, binascii.Error):
        raise Refusal(400, {CURSOR: ["This is no cursor of this list."]}) from None
