"""Feedback of users: is this page live for you? Stored beside the measurements, with the transport and the phase."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from realtime.parity.models import Feedback, LinkReport

from ..transport import checklist, grants

EVERY = timedelta(minutes=1)  # at most one message of a user
LONGEST = 500


class TooSoon(Exception):
    """This user sent feedback less than a minute ago. ``seconds``: until they may again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"{seconds} s")
        self.seconds = seconds


class FeedbackForm(forms.Form):
    """Yes or no, an optional comment, and the transport and page that it is about."""

    live = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])
    comment = forms.CharField(required=False, max_length=LONGEST)
    transport = forms.ChoiceField(required=False, choices=LinkReport.Transport)
    page = forms.CharField(required=False, max_length=2_000)

    def __init__(self, data: Any) -> None:
        # A form sends a line break as two characters; browsers count it as one towards ``maxlength``.
        super().__init__({name: value.replace("\r\n", "\n") for name, value in data.items()})

    def clean_page(self) -> str:
        """The page's path, cut to the field's length; empty for anything else."""
        page = self.cleaned_data["page"]
        return page[: Feedback._meta.get_field("page").max_length] if page.startswith("/") else ""


def save(user: Any, said: dict[str, Any]) -> Feedback:
    """Store the data of a ``FeedbackForm``. Raises TooSoon for a second message within a minute."""
    phase = checklist.here()
    with transaction.atomic():
        get_user_model().objects.select_for_update().get(pk=user.pk)  # serializes two messages of one user
        now = timezone.now()  # later rows come from a clock that was ahead
        latest = Feedback.objects.filter(user=user, at__gt=now - EVERY, at__lte=now).first()
        if latest is not None:
            raise TooSoon(max(1, round((latest.at + EVERY - now).total_seconds())))
        return Feedback.objects.create(
            user=user,
            live=said["live"] == "yes",
            comment=said["comment"],
            transport=said["transport"] or grants.decision(user).transport,
            phase="between phases" if phase.number is None else f"phase {phase.number}",
            page=said["page"],
        )
