"""The fields of the old side's serializers, as DRF 3.14 made them of the models."""

from datetime import UTC
from typing import Any

from django.db import models
from rest_framework import serializers

from ..enrichment import keys_of
from ..json_values import fault_of


class UtcDateTimeField(serializers.DateTimeField):
    """A time in UTC, whatever the site's time zone is, with six digits after the second or none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"format": "iso-8601", "input_formats": ["iso-8601"], "default_timezone": UTC, **kwargs})


class StorableJSONField(serializers.JSONField):
    """Any JSON value that both databases can keep."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if fault := fault_of(value):
            raise serializers.ValidationError(fault)
        return value


class LookedUpField(serializers.Field):
    """What another service says of an id of the row. ``context["looked_up"]`` holds it by its key."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"source": "*", "read_only": True, **kwargs})

    def to_representation(self, value: Any) -> Any:
        serializer: Any = self.parent
        key = keys_of(serializer.resource, value)[str(self.field_name)]
        return None if key is None else self.context["looked_up"].get(key)


# What a serializer makes of the columns of a model.
FIELDS = {
    **serializers.ModelSerializer.serializer_field_mapping,
    models.BigIntegerField: serializers.IntegerField,  # newer releases have a field of their own, with other words
    models.DateTimeField: UtcDateTimeField,
    models.JSONField: StorableJSONField,
}
