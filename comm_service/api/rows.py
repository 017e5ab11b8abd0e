"""Rows of the database as values: no model instances, and JSON columns as the database writes them."""

import functools
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import DateTimeField, Expression, F, Func, JSONField, Model, QuerySet, TextField, UUIDField
from django.db.models.functions import Cast

from ..contract import RELATED, LookUp, Resource
from ..enrichment import Key, LookUps
from ..ordering import beyond, in_order, newest_column
from ..stored_fields import READABLE
from .writing import Encoded, encoded, stored

CHUNK = 500  # rows that are read at once
KEPT = 5000  # values that one answer keeps encoded

Column = str | Expression | F


class Rows:
    """Reads rows of one table for answers. One for each answer: it asks other services for each object once."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._json = json_columns(resource)
        self._look_ups = LookUps()
        self._said: dict[Key, Encoded | None] = {}
        self._stored: dict[str, Encoded] = {}

    def page(self, rows: QuerySet[Any], most: int) -> list[dict[str, Any]]:
        """The READ form of the first rows, at most so many."""
        columns = _columns(self._resource, connection.vendor)
        return self._objects(rows.values_list(*columns)[:most])

    def chunks(self, rows: QuerySet[Any]) -> Iterator[list[dict[str, Any]]]:
        """The READ form of all rows, newest first, in lists of ``CHUNK``; the last one is shorter, and may be empty.

        Each list is a query of its own, so no cursor and no transaction waits for a slow client.
        """
        ordered = part = in_order(rows)
        while True:
            found = self.page(part, CHUNK)
            yield found
            if len(found) < CHUNK:
                return
            part = beyond(ordered, found[-1][newest_column(rows.model)], found[-1]["id"])

    def of(self, row: Model) -> dict[str, Any]:
        """The READ form of a row that is there as an instance."""
        one = {name: getattr(row, name) for name in self._resource.read}
        one |= {name: encoded(one[name]) for name in self._json}
        return self._filled_in([one])[0]

    def _objects(self, rows: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
        objects = [dict(zip(self._resource.read, row, strict=True)) for row in rows]
        if len(self._stored) > KEPT:
            self._stored.clear()
        for name in self._json:
            for one in objects:
                text = one[name]
                value = self._stored.get(text)
                if value is None:
                    value = self._stored[text] = stored(text)
                one[name] = value
        return self._filled_in(objects)

    def _filled_in(self, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The objects, with what other services say of them."""
        plans = []
        for by in self._resource.look_ups:
            named = [_named(by, one) for one in objects]
            plans.append((by.field, named, {value: _key(by, *value) for value in set(named)}))
        if len(self._said) > KEPT:
            self._said.clear()
        wanted = {key for _, _, keys in plans for key in keys.values() if key}
        new = self._look_ups.of(wanted.difference(self._said))
        self._said |= {key: None if value is None else encoded(value) for key, value in new.items()}
        for field, named, keys in plans:
            values = {value: self._said[key] if key else None for value, key in keys.items()}
            for one, value in zip(objects, named, strict=True):
                one[field] = values[value]
        return objects


def _named(by: LookUp, one: dict[str, Any]) -> tuple[Any, str | None]:
    """What a row says of the object that is looked up: its id, and where the row says so, its type."""
    return one[by.source], None if by.service else one["related_object_type"]


def _key(by: LookUp, row_id: UUID | str | None, related_type: str | None) -> Key | None:
    service, kind = by.service, by.kind
    if service is None:
        service, kind = RELATED.get((related_type or "").lower(), (None, None))
    return Key(service, kind, str(row_id)) if row_id and service and kind else None


def model_of(resource: Resource) -> type[Model]:
    """The model of a resource's table."""
    return apps.get_model("comm_service", resource.model)


def json_columns(resource: Resource) -> tuple[str, ...]:
    """The columns of a resource that hold JSON."""
    fields = model_of(resource)._meta
    return tuple(name for name in resource.read if isinstance(fields.get_field(name), JSONField))


class _WrittenTime(Func):
    """A time as answers write it. PostgreSQL is much quicker at this than the driver, which is asked for a datetime."""

    template = (
        f"CASE WHEN {READABLE.format('%(expressions)s')} THEN "
        "replace(to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '.000000Z', 'Z') END"
    )


@functools.cache
def _columns(resource: Resource, vendor: str) -> tuple[Column, ...]:
    """What is selected: JSON as text, and on PostgreSQL also ids and times, since text is what answers are made of."""
    fields = model_of(resource)._meta
    columns: list[Column] = []
    for name in resource.read:
        field = fields.get_field(name)
        if isinstance(field, JSONField) or (vendor == "postgresql" and isinstance(field, UUIDField)):
            columns.append(Cast(name, TextField()))
        elif vendor == "postgresql" and isinstance(field, DateTimeField):
            columns.append(_WrittenTime(name, output_field=TextField()))
        else:
            columns.append(name)
    return tuple(columns)
