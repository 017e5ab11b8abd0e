"""The event type of attachments."""

from dataclasses import dataclass
from typing import Any

from ..events import ConversationEvent, sealed, unsealed


@dataclass(frozen=True, kw_only=True)
class AttachmentChanged(ConversationEvent):
    """An attachment that was pending when its message was sent is ready now, or was refused."""

    type = "attachment_changed"

    message_id: int
    attachment: dict[str, Any]

    def fields(self) -> dict[str, Any]:
        return {**super().fields(), "attachment": sealed(self.attachment)}

    @classmethod
    def opened(cls, fields: dict[str, Any]) -> dict[str, Any]:
        return {**fields, "attachment": unsealed(fields["attachment"])}
