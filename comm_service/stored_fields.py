"""Columns that may hold what Python cannot: rows of these tables may be written by SQL. Such a value reads as null.

Both sides read by these rules, so a row with such a value is shown, can be changed and deleted, and breaks no list.
What the row holds stays as it is until somebody writes another value.
"""

from typing import Any

from django.db import models

from .json_values import read_stored

# Python's years are 1 to 9999. PostgreSQL also has those before Christ, later ones, and both infinities.
READABLE = "{0} >= '0001-01-01 00:00:00+00' AND {0} < '10000-01-01 00:00:00+00'"


class StoredDateTimeField(models.DateTimeField):  # type: ignore[type-arg]
    """A time; null for one that Python cannot hold."""

    def deconstruct(self) -> Any:
        """For migrations it is Django's field."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        """What is selected. The driver would refuse the whole row."""
        if compiler.connection.vendor != "postgresql":
            return sql, params
        return f"CASE WHEN {READABLE.format(sql)} THEN {sql} END", (*params, *params, *params)


class StoredJSONField(models.JSONField):
    """A JSON value; null for one that no answer could show (``json_values.read_stored``)."""

    def deconstruct(self) -> Any:
        """For migrations it is Django's field."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """The value of a column's text."""
        if isinstance(value, str):
            return read_stored(value)
        return super().from_db_value(value, expression, connection)
