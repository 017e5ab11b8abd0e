"""Typing, told to a person with whom there need be no conversation yet."""

import zlib
from typing import Any

from realtime.access.audience import user_key
from realtime.channel_layer.broadcast import broadcast

from .. import conversations
from ..live import typing as live
from ..serializing import person_id, person_name


def tell(person: Any, receiver: Any, is_typing: bool) -> None:
    """Tell the receiver that a person, who may write to them, types or has stopped."""
    if receiver.pk == person.pk:
        return
    place = conversations.open_direct(person, receiver)
    if place is not None:
        live.typing(person, place, is_typing)
    else:
        _tell_alone(person, receiver, is_typing)


def has_written(person: Any, receiver: Any) -> None:
    """End what was told before there was a conversation. With a conversation, its messages do."""
    _tell_alone(person, receiver, False)


def _tell_alone(person: Any, receiver: Any, is_typing: bool) -> None:
    """Tell it without a conversation, which is made by the first message. A number that is none stands for it."""
    number = -1 - zlib.crc32(str(receiver.pk).encode())
    own = person_id(person.pk)
    if live.typists.has_news((number, own), is_typing):
        said = {"conversation_id": number, "person_id": own, "person_name": person_name(person), "is_typing": is_typing}
        broadcast.send_ephemeral(live.GROUP, live.HANDLER, {"frame": said, "audience": [user_key(receiver.pk)]})
