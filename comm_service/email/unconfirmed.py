"""E-mails of which nobody knows whether they were sent: handed over, and not confirmed. A person decides about them."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from ..models import EmailQueue, Status
from .claiming import SENDING
from .models import EmailClaim

CONFIRM_SECONDS = 600  # longer than any exchange with a mail server that is still going on
UNCONFIRMED = "Handed over, and not confirmed: it is unknown whether the receiver has it."


def unconfirmed(now: datetime) -> QuerySet[EmailQueue]:
    """The rows that stay ``sending`` although nobody can be sending them any more, the oldest first."""
    begun = EmailClaim.objects.filter(
        email_id=OuterRef("pk"), handed_over_at__gt=now - timedelta(seconds=CONFIRM_SECONDS)
    )
    # A reason is recorded where the worker lived on.
    return EmailQueue.objects.filter(~Exists(begun) | Q(last_error__isnull=False), status=SENDING).order_by(
        "created_at", "pk"
    )


def explain(now: datetime) -> int:
    """Say in ``last_error`` of each row that nobody knows about why it stays ``sending``. Return how many are new."""
    return unconfirmed(now).filter(last_error=None).update(last_error=UNCONFIRMED)


def decide(email_ids: Collection[UUID], status: Status) -> int:
    """Record what a person has found out, or that the e-mails shall be tried again (PENDING).

    Rows that are not unconfirmed stay as they are. Return how many were.
    """
    now = timezone.now()
    with transaction.atomic():
        # Locked one by one, in an order that all have: the claims are changed under the locks of their rows.
        ids = list(unconfirmed(now).filter(pk__in=email_ids).order_by("pk").values_list("pk", flat=True))
        decided = 0
        for email_id in ids:
            rows = unconfirmed(now).filter(pk=email_id).order_by()
            if status is Status.SENT:
                changed = rows.update(status=status, sent_at=now, last_error=None)
            elif status is Status.PENDING:
                changed = rows.update(status=status, last_error=None)
            else:
                changed = rows.update(status=status)
            if changed:
                EmailClaim.objects.filter(pk=email_id).delete()
            decided += changed
    return decided
