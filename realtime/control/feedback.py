"""People's word: is this page live for you? Kept beside what was measured, with the transport and the phase."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from ..parity.models import Feedback, LinkReport
from ..rollout import checklist, grants

EVERY = timedelta(minutes=1)  # one word of a person, at most
LONGEST = 500


class TooSoon(Exception):
    """This person has said something less than a minute ago. ``seconds``: until they may again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"{seconds} s")
        self.seconds = seconds


class FeedbackForm(forms.Form):
    """What is sent: yes or no, perhaps a comment; by what transport and on which page, if the page says so."""

    live = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])
    comment = forms.CharField(required=False, max_length=LONGEST)
    transport = forms.ChoiceField(required=False, choices=LinkReport.Transport)
    page = forms.CharField(required=False, max_length=2_000)

    def __init__(self, data: Any) -> None:
        # A form sends the end of a line as two characters, which people have not written and browsers do not count.
        super().__init__({name: value.replace("\r\n", "\n") for name, value in data.items()})

    def clean_page(self) -> str:
        """The page's path, as far as there is room; nothing else."""
        page = self.cleaned_data["page"]
        return page[: Feedback._meta.get_field("page").max_length] if page.startswith("/") else ""


def keep(user: Any, said: dict[str, Any]) -> Feedback:
    """Keep what somebody said (a ``FeedbackForm``'s data). Raises TooSoon for more than one word a minute."""
    phase = checklist.here()
    with transaction.atomic():
        get_user_model().objects.select_for_update().get(pk=user.pk)  # of two words at once, one is first
        now = timezone.now()  # a word from later than that was said by a clock that was ahead
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
