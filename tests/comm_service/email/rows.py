"""Rows of the e-mail queue for tests."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from comm_service.email.models import EmailClaim
from comm_service.models import EmailQueue


def queued(**columns: Any) -> EmailQueue:
    """A row that is due."""
    return EmailQueue.objects.create(
        **{"to_addresses": ["ana@example.com"], "subject": "Hello", "body": "Text", **columns}
    )


def row(email_id: UUID) -> EmailQueue:
    """The row as it is now."""
    return EmailQueue.objects.get(pk=email_id)


def shown(email: EmailQueue) -> tuple[str, int, str | None]:
    """Status, attempts and last_error as they are now."""
    now = row(email.pk)
    return now.status, now.attempts, now.last_error


def wait_over(email: EmailQueue) -> None:
    """Let the time until the next try be over."""
    EmailClaim.objects.filter(pk=email.pk).update(next_try_at=timezone.now() - timedelta(seconds=1))


def claim_ended(email: EmailQueue) -> None:
    """Let the time of a claim be over, as if its process had died."""
    EmailClaim.objects.filter(pk=email.pk).update(taken_until=timezone.now() - timedelta(seconds=1))


def handed_over_long_ago(email: EmailQueue) -> None:
    """Let so much time be over that nobody can be waiting for the mail server any more."""
    EmailClaim.objects.filter(pk=email.pk).update(handed_over_at=timezone.now() - timedelta(hours=1))
