"""The forms of a project's parts in the admin: like those of the office's pages, they ask back and keep the reason."""

from typing import Any

from django import forms

from .admin_versions import VersionedAdminForm
from .forms.plausible import PlausibleAdminForm

FOR_STORED = ("void", "reason")  # the fields that only the form of a stored part displays


class PartAdminForm(VersionedAdminForm, PlausibleAdminForm):
    """A part. A stored one can be voided and restored."""

    void = forms.BooleanField(
        required=False, help_text="A void part stays on the project's page, struck through, and counts nowhere."
    )
    reason = forms.CharField(
        label="Why", required=False, max_length=500, help_text="Kept in the history. Needed to void or restore."
    )

    def __init__(self, *args: Any, instance: Any = None, initial: dict[str, Any] | None = None, **options: Any) -> None:
        initial = {"void": instance is not None and instance.is_void, **(initial or {})}
        super().__init__(*args, instance=instance, initial=initial, **options)

    def clean(self) -> dict[str, Any]:
        """Require a reason for voiding and restoring."""
        data = super().clean()
        if "void" in self.changed_data and not data.get("reason"):
            self.add_error("reason", "Please say why it is voided or restored.")
        return data

    def save(self, commit: bool = True) -> Any:
        """Like Django's method. The reason goes to the history."""
        part, reason = self.instance, self.cleaned_data["reason"]
        part.reason = reason
        if "void" in self.changed_data:
            (part.mark_void if self.cleaned_data["void"] else part.mark_restored)(reason)
        return super().save(commit)
