"""The event type of attachments."""

from dataclasses import dataclass
from typing import Any

from realtime.log.events import EventType

from ..events import MESSAGES


@dataclass(frozen=True, kw_only=True)
class AttachmentChanged(EventType):
    """An attachment that was pending when its message was sent is ready now, or was refused."""

    type = "attachment_changed"
    topic = MESSAGES

    conversation_id: int
    message_id: int
    attachment: dict[str, Any]
