"""The events of presence. They are for the servers, which show them to connections (messaging/live/presence.py)."""

from dataclasses import dataclass
from typing import Any

from realtime.log.events import EventType


@dataclass(frozen=True, kw_only=True)
class PresenceChanged(EventType):
    """A person is there now, or no longer. Its audience are those who may know. For the servers only.

    ``last_seen`` is ``None`` while the person is there, and for people who do not tell.
    """

    type = "presence_changed"
    topic = None

    person_id: Any
    is_online: bool
    last_seen: str | None
