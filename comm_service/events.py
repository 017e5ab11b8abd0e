"""The events of the communication API in the log. A test compares docs/events.md with them.

Their audience is the user whom the row is for. ``comm_`` keeps the types apart from those of messaging, whose frames
look otherwise; a socket of this API translates them (``FRAMES``).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import models

from realtime.log.events import EventType
from realtime.log.publish import publish

from .models import Message, Notification

COMM = "comm"  # the topic


@dataclass(frozen=True, kw_only=True)
class CommMessageCreated(EventType):
    """A message was posted."""

    type = "comm_message_created"
    topic = COMM

    data: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class CommNotificationCreated(EventType):
    """A notification was posted, or made from an event of another service."""

    type = "comm_notification_created"
    topic = COMM

    data: dict[str, Any]


# The type of an event in the log -> the type of its frame for clients of this API.
FRAMES = {CommMessageCreated.type: "message_created", CommNotificationCreated.type: "notification_created"}


def audience_key(user_id: UUID) -> str:
    """The key of those events that are for this user (realtime/access/audience.py)."""
    return f"comm:{user_id}"


def frame_time(moment: datetime) -> str:
    """A time as the frames write it: ``2025-01-15T10:30:00.123456+00:00``."""
    return moment.astimezone(UTC).isoformat()


def publish_created(row: models.Model) -> None:
    """Write the event of a new row, in the transaction that made the row. Only messages and notifications have one."""
    if isinstance(row, Message):
        data = {
            "id": str(row.pk),
            "sender_id": str(row.sender_id),
            "receiver_id": str(row.receiver_id),
            "subject": row.subject,
            "created_at": frame_time(row.created_at),
        }
        publish((CommMessageCreated(data=data), [audience_key(row.receiver_id)]))
    elif isinstance(row, Notification):
        data = {
            "id": str(row.pk),
            "user_id": str(row.user_id),
            "type": row.type,
            "title": row.title,
            "content": row.content,
            "created_at": frame_time(row.created_at),
        }
        publish((CommNotificationCreated(data=data), [audience_key(row.user_id)]))
