"""Rows of the database as values: no model instances, and JSON columns as the database writes them."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Expression, JSONField, Model, QuerySet, TextField
from django.db.models.functions import Cast

from ..contract import RELATED, LookUp, Resource
from ..enrichment import Key, LookUps
from .ordering import beyond, in_order, newest_column
from .writing import Encoded, encoded, stored

CHUNK = 500  # rows that are read at once
KEPT = 5000  # objects of other services that one answer keeps


class Rows:
    """Reads rows of one table for answers. One for each answer: it asks other services for each object once."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        model = model_of(resource)
        self._json = [name for name in resource.read if isinstance(model._meta.get_field(name), JSONField)]
        self._columns: list[str | Expression] = [
            Cast(name, TextField()) if name in self._json else name for name in resource.read
        ]
        self._look_ups = LookUps()
        self._said: dict[Key, Encoded | None] = {}

    def page(self, rows: QuerySet[Any], most: int) -> list[dict[str, Any]]:
        """The READ form of the first rows, at most so many."""
        return self._objects(list(rows.values_list(*self._columns)[:most]))

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
        objects = []
        for row in rows:
            one = dict(zip(self._resource.read, row, strict=True))
            for name in self._json:
                one[name] = stored(one[name])
            objects.append(one)
        return self._filled_in(objects)

    def _filled_in(self, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for look_up_field in self._resource.look_ups:
            self._fill_in(look_up_field, objects)
        if not self._resource.look_ups:
            return objects
        if len(self._said) > KEPT:
            self._said.clear()
        wanted = {key for one in objects for by in self._resource.look_ups if (key := one[by.field])}
        new = self._look_ups.of(wanted.difference(self._said))
        self._said |= {key: None if value is None else encoded(value) for key, value in new.items()}
        for one in objects:
            for by in self._resource.look_ups:
                if key := one[by.field]:
                    one[by.field] = self._said[key]
        return objects

    def _fill_in(self, by: LookUp, objects: list[dict[str, Any]]) -> None:
        """Put the key of what is looked up into each object."""
        keys: dict[tuple[Any, Any], Key | None] = {}
        for one in objects:
            named = (one[by.source], None if by.service else one["related_object_type"])
            if named not in keys:
                keys[named] = _key(by, *named)
            one[by.field] = keys[named]


def _key(by: LookUp, row_id: UUID | None, related_type: str | None) -> Key | None:
    service, kind = by.service, by.kind
    if service is None:
        service, kind = RELATED.get((related_type or "").lower(), (None, None))
    return Key(service, kind, str(row_id)) if row_id and service and kind else None


def model_of(resource: Resource) -> type[Model]:
    """The model of a resource's table."""
    return apps.get_model("comm_service", resource.model)
