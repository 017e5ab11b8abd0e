"""The forms for correcting what was reported: edit with a reason, void, restore."""

from typing import Any

from django import forms
from django.utils import timezone

from .fields import DayInput
from .plausible import PlausibleForm, ReasonForm
from .reports import CostForm, DocumentForm, MilestoneForm, ProgressForm
from .versions import VersionedForm


class ProgressCorrection(VersionedForm, ReasonForm, ProgressForm):
    """A stored progress report."""


class CostCorrection(VersionedForm, ReasonForm, CostForm):
    """A stored cost."""


class MilestoneCorrection(VersionedForm, ReasonForm, MilestoneForm):
    """A stored milestone, and whether and when it was reached."""

    class Meta(MilestoneForm.Meta):
        fields = ("name", "target_date", "is_completed", "completion_date")
        labels = {"is_completed": "Reached", "completion_date": "Day reached"}
        help_texts = {"completion_date": "Left blank, today is taken for a milestone that is reached."}
        widgets = {"target_date": DayInput, "completion_date": DayInput}

    def clean(self) -> dict[str, Any]:
        """Give a milestone that is reached a day, and take it from one that is not."""
        data = super().clean()
        reached, reached_on = data.get("is_completed"), data.get("completion_date")
        if reached_on and reached_on > timezone.localdate():
            self.add_error("completion_date", "This date is in the future.")
        elif "completion_date" in data:
            data["completion_date"] = (reached_on or timezone.localdate()) if reached else None
        return data


class DocumentCorrection(VersionedForm, ReasonForm, DocumentForm):
    """A stored document. Another file replaces the stored one, which is kept on the disk."""


class VoidForm(ReasonForm):
    """Voids or restores a part. ``version`` is that of the part as the page showed it."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, instance: Any, **options: Any) -> None:
        super().__init__(*args, **options, initial={"version": instance.version})
        self.instance = instance
        self.is_outdated = False

    def clean(self) -> dict[str, Any]:
        """Reject the form if the part was changed since the page was opened, and renew its version."""
        data = super().clean()
        version = data.get("version")
        self.is_outdated = version is not None and version != self.instance.version
        if self.is_outdated:
            self.data = self.data.copy()
            self.data[self.add_prefix("version")] = str(self.instance.version)
            self.add_error(None, "It was changed while this page was open. Please look at it again.")
        return data


CORRECTIONS: dict[str, type[PlausibleForm]] = {
    form.Meta.model.kind: form for form in (ProgressCorrection, CostCorrection, MilestoneCorrection, DocumentCorrection)
}
