"""Forms that ask back, once, before they store what is possible but unlikely (projeng/plausibility.py)."""

from django import forms

from ..plausibility import Doubt, doubts_about, fingerprint


class AskBackForm(forms.ModelForm):
    """Mixin of forms that ask back. A valid form with doubts is stored once it is sent with ``confirmation``.

    The page shows ``doubts`` with a box to tick (templates/forms/doubts.html). Ticking it confirms these doubts and no
    others: if the form is changed, and other doubts arise, these are asked back.
    """

    doubts: tuple[Doubt, ...] | list[Doubt] = ()

    @property
    def confirmation(self) -> str:
        """The value of the field ``confirmed`` that confirms the doubts."""
        return fingerprint(list(self.doubts))

    @property
    def confirmed_name(self) -> str:
        """The name of that field in the form's data."""
        return self.add_prefix("confirmed")

    def is_confirmed(self) -> bool:
        """Return whether the form was sent with the confirmation of its doubts."""
        return self.data.get(self.confirmed_name) == self.confirmation

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.errors:
            return
        changed = set(self.changed_data)
        is_new = self.instance.pk is None
        self.doubts = [doubt for doubt in doubts_about(self.instance) if is_new or doubt.fields & changed]
        if self.doubts and not self.is_confirmed():
            for doubt in self.doubts:
                self.add_error(None, forms.ValidationError(doubt.text, code="doubtful"))


class AskBackAdminForm(AskBackForm):
    """The same for the admin, whose pages have the box to tick always."""

    confirmed = forms.BooleanField(
        required=False, label="Confirmed", help_text="Tick this to save what the page asks back about."
    )

    def is_confirmed(self) -> bool:
        """Return whether the box was ticked."""
        return bool(self.cleaned_data.get("confirmed"))


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
