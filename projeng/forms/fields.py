"""Form fields and widgets shared by several forms."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import BigIntegerField, QuerySet

from ..actor import person_name
from ..uploads import check_image
from .kept_files import KeptFile, kept_file

# What people write around the digits of an amount: removed, or (dashes that stand for a minus sign) replaced.
_PESOS = str.maketrans({"₱": "", ",": "", " ": "", "\N{NO-BREAK SPACE}": "", "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-"})


class PesosField(forms.DecimalField):
    """An amount such as ``1,234,567.89``, with or without the peso sign."""

    widget = forms.TextInput

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.widget.attrs.setdefault("inputmode", "decimal")
        self.widget.attrs.setdefault("autocomplete", "off")

    def to_python(self, value: Any) -> Decimal | None:
        """Parse the value, ignoring the peso sign, spaces and commas between thousands. A dash is a minus sign."""
        if isinstance(value, str):
            value = value.translate(_PESOS)
        return super().to_python(value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Return no attributes: those of a number input do not apply to a text input."""
        return {}


class DayInput(forms.DateInput):
    """A date input with the browser's date picker."""

    input_type = "date"

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%Y-%m-%d", **options)


class FileInput(forms.ClearableFileInput):
    """A file input. A stored file can be removed, but is not linked, since files have no public URL.

    A form that is shown again still has the file that was chosen: browsers do not send it twice
    (projeng/forms/kept_files.py).
    """

    template_name = "forms/file.html"
    kept: KeptFile | None = None

    def __init__(self, endings: Iterable[str] = ()) -> None:
        super().__init__({"accept": ",".join(sorted(endings))} if endings else None)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Add the kept file to Django's context, with the name of its box."""
        context = super().get_context(name, value, attrs)
        context["widget"] |= {"kept": self.kept, "kept_name": f"kept_{name}"}
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Like Django's method. Without another file, the kept one is taken, unless its box was unticked."""
        value = super().value_from_datadict(data, files, name)
        kept = None if value or value is False else kept_file(data.get(f"kept_{name}"))
        return kept or value


class PictureField(forms.ImageField):
    """An image field for the supported formats only. Pillow's readers of other formats never see the file."""

    def to_python(self, data: Any) -> Any:
        """Reject files of other formats before Django opens them with Pillow."""
        if data not in self.empty_values:
            check_image(data)
        return super().to_python(data)


class PeopleField(forms.ModelMultipleChoiceField):
    """A selection of users by their names."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> QuerySet:
        """Like Django's method. Also reject ids that are out of the database's range."""
        for pk in value if isinstance(value, list | tuple) else ():
            try:
                fits = 1 <= int(pk) <= BigIntegerField.MAX_BIGINT
            except (TypeError, ValueError):
                continue  # not a number, which Django reports
            if not fits:
                raise forms.ValidationError(self.error_messages["invalid_pk_value"], "invalid_pk_value", {"pk": pk})
        return super().clean(value)

    def label_from_instance(self, obj: Any) -> str:
        """Return the user's full name, followed by the user name if that differs."""
        name = person_name(obj)
        return name if name == obj.get_username() else f"{name} ({obj.get_username()})"
