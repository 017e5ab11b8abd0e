"""The way into the channel layer: its groups, and what goes to them.

Groups ``user_{id}_notifications`` (handler ``send_notification``) and ``project_updates`` (handler ``send_update``),
messages ``{"type": handler, "data": {…}}``: what any code sends there reaches the sockets of those who may see it.
"""

import re
from collections.abc import Collection, Iterable
from typing import Any

from realtime.access.audience import user_key
from realtime.channel_layer.broadcast import broadcast, ephemeral_message
from realtime.channel_layer.client import Message
from realtime.delivery.hub import EphemeralMessage
from realtime.log.events import envelope_fields, topic_of
from realtime.log.models import Event

from .access import ALL_PROJECTS, project_key
from .events import NOTIFICATIONS, PROJECTS

PROJECT_GROUP = "project_updates"
SERVERS_GROUP = "servers"  # for the servers' own events: what somebody lost must be known as fast as what somebody did
NOTIFICATION_HANDLER = "send_notification"
PROJECT_HANDLER = "send_update"


def notification_group(user_id: int) -> str:
    """The group of one person's notifications."""
    return f"user_{user_id}_notifications"


def broadcast_notification(user_id: int, data: dict[str, Any]) -> None:
    """Send a notification frame to one person's sockets, now and in the background; it is not kept anywhere."""
    broadcast.layer.send(lambda: [Message(notification_group(user_id), NOTIFICATION_HANDLER, data)])


def broadcast_project_update(data: dict[str, Any]) -> None:
    """Send a project frame to those who may see its ``project_id`` (without one: those who see all projects)."""
    broadcast.layer.send(lambda: [Message(PROJECT_GROUP, PROJECT_HANDLER, data)])


# --- how the log's events go through the layer ------------------------------------------------------------------


def messages_of(event: Event) -> list[Message]:
    """The messages that carry a committed event to the groups of those who may be concerned."""
    topic = topic_of(event.type)
    if topic is None:
        return [Message(SERVERS_GROUP, "authority_changed", {}, logged=event.pk)]
    data = envelope_fields(event.pk, event.type, event.at, event.fields)
    if topic == NOTIFICATIONS:
        prefix = user_key(0)[:-1]
        users = [int(key[len(prefix) :]) for key in event.audience if key.startswith(prefix)]
        return [Message(notification_group(user_id), NOTIFICATION_HANDLER, data, event.pk) for user_id in users]
    return [Message(PROJECT_GROUP, PROJECT_HANDLER, data, event.pk)]


def groups_of(user_ids: Collection[int]) -> Iterable[str]:
    """The groups whose messages concern somebody among these users."""
    return [PROJECT_GROUP, SERVERS_GROUP, *map(notification_group, user_ids)]


def shown(group: str, handler: str, data: dict[str, Any]) -> EphemeralMessage | None:
    """What is shown of a message that did not come from the log; ``None`` for a handler that there is not."""
    if handler == NOTIFICATION_HANDLER and (match := re.fullmatch(r"user_(\d+)_notifications", group)):
        return ephemeral_message(NOTIFICATIONS, [user_key(int(match[1]))], {"type": "notification", **data})
    if handler == PROJECT_HANDLER and group == PROJECT_GROUP:
        project_id = data.get("project_id")
        audience = [ALL_PROJECTS, *([project_key(project_id)] if isinstance(project_id, int) else [])]
        return ephemeral_message(PROJECTS, audience, data)
    return None
