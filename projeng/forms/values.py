"""The values of form fields: in a form that can be compared and signed, in words, and back into a form's data."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model

from ..formats import day, pesos
from .fields import PesosField


def plain(value: Any) -> str | list[str]:
    """Return a value as text, or as a list of texts; equal for a stored value and for the same one as it was typed."""
    if value is None or value is False or value == "":
        return ""
    if isinstance(value, UploadedFile):
        return f"upload of {value.name}"
    if isinstance(value, File):
        return value.name or ""
    if isinstance(value, Model):
        return str(value.pk)
    if isinstance(value, Decimal | float):
        return f"{Decimal(str(value)).normalize():f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(microsecond=0).isoformat()  # widgets show no microseconds
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Iterable) and not isinstance(value, str):
        return sorted(str(plain(item)) for item in value)
    return str(value).replace("\r\n", "\n").strip()


def readable(field: forms.Field, value: Any) -> str:
    """Return a value, or the text that ``plain`` made of it, in words."""
    if isinstance(field, forms.FileField):
        return value.name if isinstance(value, UploadedFile) else "a file" if value else "no file"
    if isinstance(field, forms.BooleanField):
        return "yes" if value else "no"
    if isinstance(field, forms.ModelMultipleChoiceField):
        return ", ".join(field.label_from_instance(item) for item in value or ()) or "nobody"
    if value is None or value == "":
        return "not set"
    if isinstance(field, forms.ModelChoiceField):
        chosen = value if isinstance(value, Model) else field.queryset.filter(pk=value).first()
        return field.label_from_instance(chosen) if chosen else str(value)
    if isinstance(field, forms.ChoiceField):
        return str(dict(field.choices).get(value, value))
    if isinstance(field, PesosField):
        return pesos(Decimal(value))
    if isinstance(field, forms.DateField):
        return day(value if isinstance(value, date) else date.fromisoformat(value))
    return str(value)


def write_into(data: Any, bound: forms.BoundField, value: Any) -> None:
    """Replace a field's value in the copied data of a form."""
    field, name = bound.field, bound.html_name
    widget = getattr(field.widget, "widget", field.widget)  # the admin wraps those of related rows
    prepared = field.prepare_value(value)
    if isinstance(widget, forms.MultiWidget):
        for ending, part in zip(widget.widgets_names, widget.decompress(prepared), strict=True):
            data[name + ending] = "" if part is None else str(part)
    elif isinstance(widget, forms.CheckboxInput):
        data.pop(name, None)
        if value:
            data[name] = "on"
    elif isinstance(widget, forms.widgets.ChoiceWidget):
        data.setlist(name, widget.format_value(prepared))
    elif not isinstance(widget, forms.FileInput):
        data[name] = widget.format_value(prepared) or ""
