"""Changes of the four tables. Both sides, the consumer of events and the e-mail queue change rows only through these.

Each is one transaction, with the events that tell of it. A change writes only the columns that it is about, so that two
changes at once do not undo each other.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models, transaction
from django.db.models.functions import Now

from . import events
from .callers import Caller
from .models import EmailQueue, Message, Notification, Status


def create(model: type[models.Model], values: Mapping[str, Any], caller: Caller) -> Any:
    """Make a row of checked values and return it, with the times that the database holds."""
    with transaction.atomic():
        row = model._default_manager.create(**values)
        _on_created(row, caller)
    return row


def update(row: models.Model, changed: Mapping[str, Any], caller: Caller) -> None:
    """Set columns of a row to checked values, and save only these. Raise ObjectDoesNotExist if it is gone."""
    for name, value in changed.items():
        setattr(row, name, value)
    if not changed:
        return
    with transaction.atomic():
        if not type(row)._default_manager.filter(pk=row.pk).update(**changed):
            raise ObjectDoesNotExist


def delete(row: models.Model, caller: Caller) -> None:
    """Delete a row; that it is gone already is no error."""
    with transaction.atomic():
        type(row)._default_manager.filter(pk=row.pk).delete()


def mark_read(message: Message, caller: Caller) -> None:
    """Set the time at which a message was read, once. A repeat keeps the first time."""
    with transaction.atomic():
        Message.objects.filter(pk=message.pk, read_at=None).update(read_at=Now())
        message.refresh_from_db()


def retry(row: Notification | EmailQueue, caller: Caller) -> None:
    """Let a failed delivery be tried again. Anything else stays as it is."""
    with transaction.atomic():
        failed = type(row)._default_manager.filter(pk=row.pk, status=Status.FAILED)
        failed.update(status=Status.PENDING, last_error=None)
        row.refresh_from_db()


# What follows from a change, in its transaction.

_created_followers: list[Callable[[models.Model], None]] = []


def follow_created(follower: Callable[[models.Model], None]) -> None:
    """Call ``follower`` with each new row, in the transaction that makes it."""
    if follower not in _created_followers:
        _created_followers.append(follower)


def _on_created(row: models.Model, caller: Caller) -> None:
    events.publish_created(row)
    for follower in _created_followers:
        follower(row)
