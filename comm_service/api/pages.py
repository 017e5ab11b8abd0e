"""Pages of a list, for clients that ask: ``?page_limit=100``, then the address in the answer's ``Link`` header.

The old side ignores every parameter, ``limit`` and ``page`` among them, and old clients may send those. So these names
are new. A page is an array like the whole list, newest first, and ties go by id.
"""

import base64
import binascii
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest

from ..ordering import beyond, in_order
from .refusals import Refusal

LIMIT, CURSOR = "page_limit", "page_cursor"
MOST = 1000
LONGEST_CURSOR = 200  # characters
UNREADABLE = "-"  # in a cursor: the time of the row is none that Python can hold (stored_fields.py)


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
    ordered = in_order(rows)
    said = request.GET.get(CURSOR)
    return ordered if said is None else beyond(ordered, *_read(said))


def link_to_next(request: HttpRequest, limit: int, last: dict[str, Any], newest: str) -> str:
    """The ``Link`` header that leads to the page after the one that ends with this row."""
    moment = last[newest]
    written = moment.isoformat() if isinstance(moment, datetime) else moment or UNREADABLE
    said = f"{written} {last['id']}"
    cursor = base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
    query = request.GET.copy()
    query[LIMIT], query[CURSOR] = str(limit), cursor
    return f'<{request.build_absolute_uri(request.path)}?{urlencode(query, doseq=True)}>; rel="next"'


def _read(cursor: str) -> tuple[datetime | None, UUID]:
    try:
        if len(cursor) > LONGEST_CURSOR:
            raise ValueError("too long")
        said = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        moment, _, row_id = said.partition(" ")
        if moment == UNREADABLE:
            return None, UUID(row_id)
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None:
            raise ValueError("a time without a zone")
        return at.astimezone(UTC), UUID(row_id)
    except (ValueError, OverflowError, binascii.Error):
        raise Refusal(400, {CURSOR: ["This is no cursor of this list."]}) from None
