"""Model and form fields of keys, which store and look up the one spelling that projeng/keys.py gives.

Whatever saves or looks up a key (a form, the admin, the import, ``loaddata``, a query) therefore agrees on it.
"""

from typing import Any

from django import forms
from django.db import models

from .barangays import BARANGAYS
from .keys import known_spelling, prn_key


class _PrnFormField(forms.CharField):
    def to_python(self, value: Any) -> str:
        return prn_key(super().to_python(value))


class _BarangayFormField(forms.TypedChoiceField):
    def to_python(self, value: Any) -> str:
        return known_spelling(super().to_python(value), BARANGAYS)


class _KeyField(models.CharField):
    def key(self, text: str) -> str:
        """The spelling of ``text`` that is stored."""
        raise NotImplementedError

    def to_python(self, value: Any) -> Any:
        """Like Django's method, which also prepares values for queries."""
        value = super().to_python(value)
        return self.key(value) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Give the instance the spelling that is stored, also in bulk."""
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = self.key(value)
            setattr(model_instance, self.attname, value)
        return value

    def deconstruct(self) -> tuple[str, str, list, dict]:
        """Like Django's method, as the plain field that it is in the database: migrations see rows as they are."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class PrnField(_KeyField):
    """A project reference number."""

    def key(self, text: str) -> str:
        return prn_key(text)

    def formfield(self, **kwargs: Any) -> forms.Field:
        """A field of forms whose value is the key."""
        return super().formfield(**{"form_class": _PrnFormField, **kwargs})


class BarangayField(_KeyField):
    """The name of a barangay (projeng/barangays.py)."""

    def key(self, text: str) -> str:
        return known_spelling(text, BARANGAYS)

    def formfield(self, **kwargs: Any) -> forms.Field:
        """A field of forms whose value is the barangay's name as it is listed."""
        return super().formfield(**{"choices_form_class": _BarangayFormField, **kwargs})
