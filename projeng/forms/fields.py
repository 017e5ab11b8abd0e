"""Fields and widgets that several forms share."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import BigIntegerField, QuerySet

from ..actor import person_name
from ..uploads import check_image


class PesosField(forms.DecimalField):
    """An amount as people write it: ``1,234,567.89``, with or without the peso sign."""

    widget = forms.TextInput

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.widget.attrs.setdefault("inputmode", "decimal")
        self.widget.attrs.setdefault("autocomplete", "off")

    def to_python(self, value: Any) -> Decimal | None:
        """Ignores the peso sign, spaces and commas between thousands."""
        if isinstance(value, str):
            value = value.replace("₱", "").replace(",", "").replace(" ", "")
        return super().to_python(value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """None: the number input's limits do not belong to a text input."""
        return {}


class DayInput(forms.DateInput):
    """The browser's own date picker."""

    input_type = "date"

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m-%d", **options)


class FileInput(forms.ClearableFileInput):
    """A file to send. One that is kept already can be removed; it is not linked to, files have no public address."""

    template_name = "forms/file.html"

    def __init__(self, endings: Iterable[str] = ()) -> None:
        super().__init__({"accept": ",".join(sorted(endings))} if endings else None)


class PictureField(forms.ImageField):
    """A picture of one of our kinds; what is none never meets the other readers that Pillow has."""

    def to_python(self, data: Any) -> Any:
        """Refuses what is no picture of ours before Django's own look at it."""
        if data not in self.empty_values:
            check_image(data)
        return super().to_python(data)


class PeopleField(forms.ModelMultipleChoiceField):
    """Some people, chosen by their names."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> QuerySet:
        """As Django's; refuses the ids too that the database could not even compare."""
        for pk in value if isinstance(value, list | tuple) else ():
            try:
                fits = 1 <= int(pk) <= BigIntegerField.MAX_BIGINT
            except (TypeError, ValueError):
                continue  # no number at all: Django says so itself
            if not fits:
                raise forms.ValidationError(self.error_messages["invalid_pk_value"], "invalid_pk_value", {"pk": pk})
        return super().clean(value)

    def label_from_instance(self, obj: Any) -> str:
        """The person's full name, with the user name where that differs."""
        name = person_name(obj)
        return name if name == obj.get_username() else f"{name} ({obj.get_username()})"
