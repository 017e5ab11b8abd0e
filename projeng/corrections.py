"""The history of what was reported: who corrected a part of a project, when, from what to what, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from typing import Any, NoReturn

from django.apps import apps
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst

from .formats import day, percent, pesos

# Fields that say that a row is void, and how often it was saved. The action of a correction says what they mean.
BOOKKEEPING = frozenset({"voided_at", "voided_by", "void_reason", "version"})


class Action(models.TextChoices):
    CHANGED = "changed", "Changed"
    VOIDED = "voided", "Voided"
    RESTORED = "restored", "Restored"
    DELETED = "deleted", "Deleted"


class _AppendOnly(models.QuerySet):
    """A queryset that neither changes nor deletes rows. Deleting a project still deletes its history."""

    def update(self, **values: Any) -> NoReturn:
        raise TypeError("A history is only added to.")

    def delete(self) -> NoReturn:
        raise TypeError("A history is only added to.")

    delete.alters_data = True
    delete.queryset_only = True


class Correction(models.Model):
    """One correction of a part. Names are stored as text, so that they outlast accounts and the part itself."""

    project = models.ForeignKey("Project", on_delete=models.CASCADE, related_name="corrections")
    kind = models.CharField(max_length=20)  # ProjectPart.kind
    part_id = models.BigIntegerField()
    subject = models.CharField(max_length=250)  # ProjectPart.title, as it was before the correction
    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=20, choices=Action.choices)
    # {field: {"old", "new"}}, with decimals and dates as text. For a deleted part, all that it said.
    changes = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)

    objects = _AppendOnly.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["kind", "part_id"], name="correction_of_part")]

    def __str__(self) -> str:
        return f"{self.subject} {self.action} by {self.actor}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the row. Raise TypeError for a row that is stored already."""
        if not self._state.adding:
            raise TypeError("A history is only added to.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise TypeError."""
        raise TypeError("A history is only added to.")

    @property
    def model(self) -> type[models.Model]:
        """The model of the part."""
        return apps.get_model(self._meta.app_label, f"Project{self.kind}")

    @property
    def described(self) -> list["Described"]:
        """The changes as people read them."""
        return [
            Described(_label(field), _shown(field, change["old"]), _shown(field, change["new"]))
            for field, change in self._fields()
        ]

    def _fields(self) -> Iterable[tuple[models.Field, Mapping[str, Any]]]:
        fields = {field.attname: field for field in self.model._meta.concrete_fields}
        return [(fields[name], change) for name, change in self.changes.items() if name in fields]


@dataclass(frozen=True)
class Described:
    """The change of one field, as text. An empty value is "not set"."""

    label: str
    old: str
    new: str


def stored_changes(changes: Mapping[str, tuple[Any, Any]]) -> dict[str, dict[str, Any]]:
    """Return changes in the form in which they are stored: ``{field: {"old", "new"}}``."""
    return {name: {"old": _stored(old), "new": _stored(new)} for name, (old, new) in changes.items()}


def _stored(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def _label(field: models.Field) -> str:
    return capfirst(str(field.verbose_name))


def _shown(field: models.Field, value: Any) -> str:
    if value is None or value == "":
        return "not set"
    if isinstance(field, models.FileField):
        return f"a {PurePath(value).suffix.lower() or 'file'} file"
    if isinstance(field, models.BooleanField):
        return "yes" if value else "no"
    if isinstance(field, models.DateField):
        return day(date.fromisoformat(value[:10]))
    if isinstance(field, models.DecimalField):
        return (percent if field.name == "percentage_complete" else pesos)(Decimal(value))
    return str(dict(field.flatchoices).get(value, value))
