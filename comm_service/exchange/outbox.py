"""The events that others shall hear, written in the transaction of the change that they tell of."""

import json
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from ..events import frame_time
from ..models import Message, Notification
from .envelope import outgoing
from .models import OutgoingEvent

MESSAGE_SENT = "message.sent"
NOTIFICATION_CREATED = "notification.created"


def add(event_type: str, payload: dict[str, Any]) -> None:
    """Write an event, if there is a broker. Raise TransactionManagementError outside a transaction."""
    if not settings.RABBITMQ_URL:
        return
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("An event is written in the transaction of its change.")
    envelope = outgoing(event_type, payload, timezone.now())
    OutgoingEvent.objects.create(routing_key=event_type, body=json.dumps(envelope, ensure_ascii=False))


def created(row: models.Model) -> None:
    """Announce a new message or notification."""
    if isinstance(row, Message):
        add(
            MESSAGE_SENT,
            {
                "message_id": str(row.pk),
                "sender_id": str(row.sender_id),
                "receiver_id": str(row.receiver_id),
                "subject": row.subject,
                "created_at": frame_time(row.created_at),
            },
        )
    elif isinstance(row, Notification):
        add(
            NOTIFICATION_CREATED,
            {
                "notification_id": str(row.pk),
                "user_id": str(row.user_id),
                "type": row.type,
                "title": row.title,
                "content": row.content,
                "created_at": frame_time(row.created_at),
            },
        )
