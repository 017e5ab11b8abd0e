"""The events of the communication API in the log. A test compares docs/events.md with them.

Their audience is the user whom the row is for. ``comm_`` keeps the types apart from those of messaging, whose frames
look otherwise; a socket of this API translates them (``FRAMES``).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import models

from realtime.log.events import EventType
from realtime.log.publish import publish

from .models import Message, Notification

COMM = "comm"  # the topic


@dataclass(frozen=True, kw_only=True)
class CommEvent(EventType):
    """Base of these events. ``keys`` of ``data`` come in the order of the contract, which PostgreSQL does not keep."""

    topic = COMM
    keys: ClassVar[tuple[str, ...]]

    data: dict[str, Any]

    @classmethod
    def opened(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields with their data in order."""
        data = fields["data"]
        return {**fields, "data": {**{key: data[key] for key in cls.keys if key in data}, **data}}


@dataclass(frozen=True, kw_only=True)
class CommMessageCreated(CommEvent):
    """A message was posted."""

    type = "comm_message_created"
    keys = ("id", "sender_id", "receiver_id", "subject", "created_at")


@dataclass(frozen=True, kw_only=True)
class CommNotificationCreated(CommEvent):
    """A notification was posted, or made from an event of another service."""

    type = "comm_notification_created"
    keys = ("id", "user_id", "type", "title", "content", "created_at")


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
        publish((CommMessageCreated(data=_data(row, CommMessageCreated.keys)), [audience_key(row.receiver_id)]))
    elif isinstance(row, Notification):
        publish((CommNotificationCreated(data=_data(row, CommNotificationCreated.keys)), [audience_key(row.user_id)]))


def _data(row: models.Model, keys: tuple[str, ...]) -> dict[str, Any]:
    """These columns of a row as frames write them."""
    return {key: _written(getattr(row, key)) for key in keys}


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return frame_time(value)
    return str(value) if isinstance(value, UUID) else value
