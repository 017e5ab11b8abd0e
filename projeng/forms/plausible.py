"""Forms that ask back what is possible but unlikely (projeng/plausibility.py), and forms that ask for a reason."""

from collections.abc import Iterable
from typing import Any

from django import forms

from ..plausibility import doubts_about
from .questions import AsksBack, Question


class PlausibleForm(AsksBack, forms.ModelForm):
    """Mixin of the forms of projects and their parts. Of a stored row, only what is changed is asked back about."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk is not None:
            # Fields with a default that is called would compare with a hidden field of the page, not with the row.
            for field in self.fields.values():
                field.show_hidden_initial = False

    def questions(self) -> Iterable[Question]:
        """Return a question for each doubt, displayed at the first of its fields that the form has."""
        changed = set(self.changed_data if self.instance.pk else self.fields)
        for doubt in doubts_about(self.instance):
            if concerned := [name for name in doubt.fields if name in changed]:
                yield Question(concerned[0], f"{doubt.text} Sure?")


class PlausibleAdminForm(PlausibleForm):
    """The same for the admin, whose pages always have one box to tick for all questions."""

    confirmed = forms.BooleanField(
        required=False, label="I am sure", help_text="Tick this to save what the page asks back about."
    )

    def questions(self) -> Iterable[Question]:
        """Return nothing to ask back about if the box was ticked."""
        return [] if self.cleaned_data.get("confirmed") else super().questions()


class ReasonForm(forms.Form):
    """Asks why something is corrected. The answer is kept in the history."""

    reason = forms.CharField(
        label="Why",
        max_length=500,
        help_text="Kept in the history, which everybody who sees the project can read.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


def changes_nothing(form: forms.BaseForm) -> bool:
    """Return whether a form of a stored row has the stored values."""
    return not set(form.changed_data) - {"reason", "confirmed", "version", "opened"}
