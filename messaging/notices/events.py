"""The event type of notices. A test compares docs/events.md with it."""

from dataclasses import dataclass, field
from typing import Any

from realtime.log.events import EventType

TOPIC = "messages"


@dataclass(frozen=True, kw_only=True)
class NoticePublished(EventType):
    """Something was announced to a person, or to everybody of a tenant. Old clients get it as ``notification``.

    ``notice_id`` is the id of a notice, where it is about one. ``data`` holds what else the announcer says.
    """

    type = "notice_published"
    topic = TOPIC

    title: str
    message: str
    notification_type: str
    notice_id: int | None = None
    action_url: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
