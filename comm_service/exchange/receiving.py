"""One event that was received: it becomes a notification, at most one, however often it comes."""

import logging
from datetime import timedelta
from enum import Enum

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from .. import services
from ..callers import INTERNAL
from ..models import Notification
from .envelope import IncomingEvent
from .handlers import notification_values
from .models import ReceivedEvent

logger = logging.getLogger(__name__)

TRIES = 5  # of an event whose handling fails; then it is parked
KEEP_DAYS = 30  # for so long a repetition is known


class Received(Enum):
    """What an event came to."""

    NOTIFIED = "a notification was made"
    REPEATED = "it had been received before"
    IGNORED = "nobody is told of such events"


class TriedOutError(Exception):
    """The event was tried TRIES times; each time the handling failed, or ended the process."""


def receive(event: IncomingEvent) -> Received:
    """Handle an event. Raise TriedOutError, and whatever its handling raises; the try is counted in any case."""
    if not _count(event):
        return Received.REPEATED
    values = notification_values(event)
    with transaction.atomic():
        # Conditional: of two consumers that have the same event one makes the notification.
        if not ReceivedEvent.objects.filter(pk=event.key, done_at=None).update(done_at=timezone.now()):
            return Received.REPEATED
        if values is None:
            logger.info("An event of another service concerns nobody here: %s", event.name)
            return Received.IGNORED
        services.create(Notification, values, INTERNAL)
    return Received.NOTIFIED


def _count(event: IncomingEvent) -> bool:
    """Count a try. False where the event was handled before. Raise TriedOutError."""
    with transaction.atomic():
        ReceivedEvent.objects.bulk_create([ReceivedEvent(key=event.key, name=event.name)], ignore_conflicts=True)
        ReceivedEvent.objects.filter(pk=event.key, done_at=None, tries__lte=TRIES).update(tries=F("tries") + 1)
        seen = ReceivedEvent.objects.get(pk=event.key)
    if seen.done_at is not None:
        return False
    if seen.tries > TRIES:
        raise TriedOutError(f"It was tried {TRIES} times.")
    return True


def forget(key: str) -> None:
    """Count the tries of an event anew. One that is done stays done."""
    ReceivedEvent.objects.filter(pk=key, done_at=None).update(tries=0)


def prune() -> int:
    """Delete what was received more than KEEP_DAYS ago. Return how many."""
    old = timezone.now() - timedelta(days=KEEP_DAYS)
    return ReceivedEvent.objects.filter(received_at__lt=old).delete()[0]
