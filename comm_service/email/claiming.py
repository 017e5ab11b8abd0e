"""Which worker may send an e-mail, and what is recorded of each try.

Of any number of workers exactly one claims a row, by a conditional UPDATE of ``email_queue`` that also locks it. All
changes of its claim are made under that lock. The steps of a try, each one a transaction:

1. ``claim``: the try is counted, and a claim with a time limit is kept. Nothing has left: when the process dies, the
   claim ends and somebody else tries again.
2. ``hand_over``: the status becomes ``sending``. From here on it is unknown whether the receiver has the e-mail, until
   step 3. When the process dies, the row stays ``sending``, and only a person decides about it (unconfirmed.py).
3. ``record_sent``, ``record_failure`` or ``record_unknown``.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from ..models import EmailQueue, Status
from .models import EmailClaim

ATTEMPTS = 3
SENDING = "sending"  # a status that only this package sets; callers see it as it is, and cannot set it
CLAIM_SECONDS = 300  # longer than composing an e-mail and connecting to a server that hardly answers
LATER = 5  # each wait is so many times as long as the one before
DIED = "The process that was to send it ended before anything was handed over."
ERROR_LENGTH = 2000


class NotOursError(Exception):
    """The row is somebody else's, not due, or gone. The transaction is rolled back."""


@dataclass(frozen=True)
class Claim:
    """A row as it was when it was claimed, and the token that only this claim has."""

    email: EmailQueue
    token: UUID


def due(now: datetime) -> QuerySet[EmailQueue]:
    """The rows whose time has come, also those that somebody is just sending."""
    return EmailQueue.objects.filter(Q(scheduled_at=None) | Q(scheduled_at__lte=now), status=Status.PENDING)


def free(now: datetime) -> QuerySet[EmailQueue]:
    """The due rows that nobody is sending and that need not wait for their next try, the longest due first."""
    held = EmailClaim.objects.filter(email_id=OuterRef("pk")).filter(Q(taken_until__gt=now) | Q(next_try_at__gt=now))
    return due(now).filter(~Exists(held)).order_by(Coalesce("scheduled_at", "created_at"), "pk")


def claim(email_id: UUID) -> Claim | None:
    """Claim a row and count the try. ``None`` where it is not due, somebody else's, or waits for its next try."""
    now = timezone.now()
    try:
        with transaction.atomic():
            # First the UPDATE: it locks the row on both databases, so that nobody else changes its claim.
            if not due(now).filter(pk=email_id).update(attempts=F("attempts") + 1):
                return None
            email = EmailQueue.objects.get(pk=email_id)
            held = EmailClaim.objects.filter(pk=email_id).first()
            if held and (_is_later(held.taken_until, now) or _is_later(held.next_try_at, now)):
                raise NotOursError
            # A row that ends its process each time is not tried for ever.
            if held and held.taken_until and email.attempts > ATTEMPTS:
                _set(email_id, status=Status.FAILED, attempts=F("attempts") - 1, last_error=DIED)
                EmailClaim.objects.filter(pk=email_id).delete()
                return None
            token = uuid.uuid4()
            fresh = {"token": token, "taken_until": now + timedelta(seconds=CLAIM_SECONDS)}
            EmailClaim.objects.update_or_create(
                email_id=email_id, defaults={**fresh, "next_try_at": None, "handed_over_at": None}
            )
    except NotOursError:
        return None
    return Claim(email, token)


def hand_over(held: Claim) -> bool:
    """Record that the e-mail is about to leave. False where it must not: the claim has ended, the row was changed."""
    now = timezone.now()
    handed = {"handed_over_at": now}
    return _change(held, due(now), {"status": SENDING, "last_error": None}, lambda claims: claims.update(**handed))


def record_sent(held: Claim, note: str | None = None) -> None:
    """Record that a server has accepted the e-mail. ``note`` names the addresses that it refused, if any."""
    sent = {"status": Status.SENT, "sent_at": timezone.now(), "last_error": _bounded(note)}
    _change(held, EmailQueue.objects.filter(status=SENDING), sent, lambda claims: claims.delete())


def record_failure(held: Claim, error: str, final: bool = False) -> None:
    """Record that the e-mail was certainly not accepted. It is tried again later, up to ATTEMPTS, unless ``final``."""
    rows = EmailQueue.objects.filter(status__in=[SENDING, Status.PENDING])
    if final or held.email.attempts >= ATTEMPTS:
        failed = {"status": Status.FAILED, "last_error": _bounded(error)}
        _change(held, rows, failed, lambda claims: claims.delete())
        return
    wait = settings.COMM_EMAIL_RETRY_SECONDS * LATER ** (held.email.attempts - 1)
    waiting = {"taken_until": None, "handed_over_at": None, "next_try_at": timezone.now() + timedelta(seconds=wait)}
    again = {"status": Status.PENDING, "last_error": _bounded(error)}
    _change(held, rows, again, lambda claims: claims.update(**waiting))


def record_unknown(held: Claim, error: str) -> None:
    """Record why it is unknown whether the e-mail was accepted. The row stays ``sending``."""
    _change(held, EmailQueue.objects.filter(status=SENDING), {"last_error": _bounded(error)}, lambda claims: None)


def give_back(held: Claim) -> None:
    """End a claim with which nothing was done: the row was changed meanwhile. The try is not counted."""
    rows = EmailQueue.objects.filter(status=Status.PENDING)
    _change(held, rows, {"attempts": F("attempts") - 1}, lambda claims: claims.delete())


def remove_ended(now: datetime) -> int:
    """Delete the claims of rows that are gone, or that somebody else has finished. Return their number."""
    left = ~Exists(EmailQueue.objects.filter(pk=OuterRef("email_id"), status__in=[Status.PENDING, SENDING]))
    ended = EmailClaim.objects.filter(left).filter(Q(taken_until=None) | Q(taken_until__lt=now))
    return ended.delete()[0]


def _change(
    held: Claim,
    rows: QuerySet[EmailQueue],
    columns: dict[str, Any],
    then: Callable[[QuerySet[EmailClaim]], object],
) -> bool:
    """Set columns of the row if it is among ``rows`` and still ours, and change the claim. Return whether it was.

    The claim is looked at when the row is locked: a subquery of the UPDATE would see it as it was before the lock.
    """
    try:
        with transaction.atomic():
            if not rows.filter(pk=held.email.pk).update(**columns):
                raise NotOursError
            claims = EmailClaim.objects.filter(pk=held.email.pk, token=held.token)
            if not claims.exists():
                raise NotOursError
            then(claims)
    except NotOursError:
        return False
    return True


def _set(email_id: UUID, **columns: Any) -> None:
    EmailQueue.objects.filter(pk=email_id).update(**columns)


def _is_later(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment > now


def _bounded(text: str | None) -> str | None:
    # What a server says is stored: no signs that a database refuses, and not without a bound.
    return None if text is None else text.replace("\0", "").encode(errors="replace").decode()[:ERROR_LENGTH]
