"""The groups of the channel layer, and helpers that send messages to them.

The groups are ``user_{id}_notifications`` (handler ``send_notification``) and ``project_updates`` (handler
``send_update``). A message is ``{"type": handler, "data": {…}}``. Any code may send one: it reaches the sockets of the
users who may see it.
"""

import re
from collections.abc import Collection, Iterable
from typing import Any

from realtime.access.audience import user_key
from realtime.access.user_ids import UserId
from realtime.channel_layer.broadcast import WAKE_GROUP, broadcast, ephemeral_message
from realtime.channel_layer.client import Message
from realtime.delivery.ephemeral import EphemeralMessage
from realtime.log.events import envelope_fields, topic_of
from realtime.log.models import Event

from .access import ALL_PROJECTS, project_key
from .events import NOTIFICATIONS, PROJECTS

PROJECT_GROUP = "project_updates"
SERVERS_GROUP = WAKE_GROUP  # events for the servers, such as a revoked permission, which must take effect at once
NOTIFICATION_HANDLER = "send_notification"
PROJECT_HANDLER = "send_update"


def notification_group(user_id: UserId) -> str:
    """Return the group of one user's notifications."""
    return f"user_{user_id}_notifications"


def broadcast_notification(user_id: UserId, data: dict[str, Any]) -> None:
    """Send a notification frame to one user's sockets, in the background. It is not stored."""
    broadcast.layer.send(lambda: [Message(notification_group(user_id), NOTIFICATION_HANDLER, data)])


def broadcast_project_update(data: dict[str, Any]) -> None:
    """Send a project frame to the users who may see its ``project_id``; without one, to those who see all projects."""
    broadcast.layer.send(lambda: [Message(PROJECT_GROUP, PROJECT_HANDLER, data)])


# --- the log's events in the channel layer ----------------------------------------------------------------------


def messages_of(event: Event) -> list[Message]:
    """Return the messages that carry a committed event, one for each group whose users may see it."""
    topic = topic_of(event.type)
    if topic is None:
        return [Message(SERVERS_GROUP, "authority_changed", {}, logged=event.pk)]
    data = envelope_fields(event.pk, event.type, event.at, event.fields)
    if topic == NOTIFICATIONS:
        prefix = user_key(0)[:-1]
        users = [int(key[len(prefix) :]) for key in event.audience if key.startswith(prefix)]
        return [Message(notification_group(user_id), NOTIFICATION_HANDLER, data, event.pk) for user_id in users]
    if topic == PROJECTS:
        return [Message(PROJECT_GROUP, PROJECT_HANDLER, data, event.pk)]
    return []  # of another application, whose own groups carry it, or none: the servers are told to look at the log


def groups_of(user_ids: Collection[UserId]) -> Iterable[str]:
    """Return the groups that a process with connections of these users subscribes to."""
    return [PROJECT_GROUP, SERVERS_GROUP, *map(notification_group, user_ids)]


def ephemeral_of(group: str, handler: str, data: dict[str, Any]) -> EphemeralMessage | None:
    """Return a group's message that is not from the log as an ephemeral message; ``None`` for an unknown handler."""
    if handler == NOTIFICATION_HANDLER and (match := re.fullmatch(r"user_(\d+)_notifications", group)):
        return ephemeral_message(NOTIFICATIONS, [user_key(int(match[1]))], {"type": "notification", **data})
    if handler == PROJECT_HANDLER and group == PROJECT_GROUP:
        project_id = data.get("project_id")
        audience = [ALL_PROJECTS, *([project_key(project_id)] if isinstance(project_id, int) else [])]
        return ephemeral_message(PROJECTS, audience, data)
    return None
