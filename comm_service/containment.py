"""Filters of lists by what their JSON holds: ``?metadata__contains={"course":"cardiology"}``. Off unless asked for.

The existing service ignores every parameter of a list, so a caller of it may send any. Two underscores and the word
``contains`` are in none of its addresses, guides or clients, where parameters are ``page``, ``limit``, ``search``,
``ordering`` and plain names of columns; these stay ignored.
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from django.db import connections, models
from django.db.models import QuerySet

from .models import Document, EmailQueue, Message, Notification

SUFFIX = "__contains"
LONGEST_FILTER = 4096  # characters
NO_JSON = "Value must be valid JSON."
TOO_LONG = f"Ensure this value has at most {LONGEST_FILTER} characters."
NOT_HERE = "This database cannot search in JSON."

COLUMNS: dict[type[models.Model], tuple[str, ...]] = {
    Message: ("metadata",),
    Notification: ("metadata",),
    Document: ("metadata",),
    EmailQueue: ("to_addresses", "headers"),
}


class InvalidFilters(Exception):
    """Filters that cannot be used. ``errors``: the texts by parameter, as of a wrong field (400)."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(errors)
        self.errors = errors


def containing(rows: QuerySet[Any], query: Mapping[str, str]) -> QuerySet[Any]:
    """Those of these rows whose JSON contains what the query's filters name; all of them without a filter.

    An object contains another one with some of its keys and equal values, at any depth; a list contains those with some
    of its elements (PostgreSQL's ``@>``). Raises InvalidFilters.
    """
    asked = {f"{column}{SUFFIX}": column for column in COLUMNS[rows.model] if f"{column}{SUFFIX}" in query}
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name in asked:
        try:
            value = _value(query[name])
            # Django takes a bare None for a mistake.
            values[name] = models.Value(None, models.JSONField()) if value is None else value
        except ValueError as error:
            errors[name] = [str(error)]
    if asked and not errors and connections[rows.db].vendor != "postgresql":
        errors = {name: [NOT_HERE] for name in asked}
    if errors:
        raise InvalidFilters(errors)
    return rows.filter(**values) if values else rows


def _value(text: str) -> Any:
    """The JSON of a filter. Raise ValueError with a text for the caller."""
    if len(text) > LONGEST_FILTER:
        raise ValueError(TOO_LONG)
    try:
        value = json.loads(text, parse_constant=_refuse)
        written = json.dumps(value, ensure_ascii=False, allow_nan=False)
        written.encode()  # fails for half of a surrogate pair
    except (ValueError, RecursionError):
        raise ValueError(NO_JSON) from None
    if "\\u0000" in written.replace("\\\\", ""):  # no JSON of PostgreSQL's holds a NUL
        raise ValueError(NO_JSON)
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
