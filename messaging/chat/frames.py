"""The frames of the chat's streams, made from the events of messaging.

Only direct conversations appear. What carries an attachment is made for each viewer, whose addresses are signed, and
nearly all else once for all. The two generations of WebSocket derive their frames from these (messaging/chat/sockets/).
"""

import time
from collections.abc import Hashable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from realtime.access.user_ids import to_json
from realtime.log.replay import Frame, LogSlice
from realtime.transports.adapters import Adapter, NamedFrame

from ..events import MessageCreated, MessageDeleted, MessageDelivered, MessageEdited, MessageRead
from ..notices.events import NoticePublished
from ..serializing import readable_text
from . import delivered
from .ends import direct_people, ends_of
from .shapes import attachment_shape, conversation_id, instant, picture_address

HEARTBEAT_SECONDS = 20.0
RETRY_MS = 3_000
HOSTS = 64  # for which frames with absolute addresses are kept apart


class ChatFrames(Adapter):
    """Frames with the names of the contract, for SSE and polling. ``base``: scheme and host that a client reached."""

    heartbeat_seconds: float | None = HEARTBEAT_SECONDS
    retry_ms = (RETRY_MS, RETRY_MS)

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    def opening(self, user_id: Any) -> Iterable[NamedFrame]:
        return [NamedFrame("connected", {"status": "connected", "user_id": to_json(user_id)})]

    def scope(self, events: LogSlice, user_id: Any) -> Hashable:
        special = events.encoded(special_viewers)
        viewer = to_json(user_id)
        return viewer if special is None or viewer in special else None

    def event(self, frame: Frame, scope: Hashable) -> Iterable[NamedFrame]:
        return self.named(frame, scope)

    def named(self, frame: Frame, viewer: Hashable) -> list[NamedFrame]:
        """What becomes of an event. ``viewer``: the id of whom it is for, as JSON has it, where that matters."""
        made = _MAKERS.get(frame.type)
        return made(self, frame, viewer) if made else []

    def state(self, frame: dict[str, Any]) -> Iterable[NamedFrame]:
        if frame["type"] == "typing" and frame["is_direct"]:
            said = {"sender_id": frame["person_id"], "sender_name": frame["person_name"]}
            return [NamedFrame("typing", {**said, "is_typing": frame["is_typing"]})]
        if frame["type"] == "presence":
            said = {"user_id": frame["person_id"], "is_online": frame["is_online"]}
            return [NamedFrame("presence", {**said, "last_seen": instant(frame["last_seen"])})]
        if frame["type"] == "reset":  # not in the contract, whose clients pass over names that they do not know
            return [NamedFrame("reset", {"reason": frame["reason"]})]
        return []

    def heartbeat(self) -> Iterable[NamedFrame]:
        return [NamedFrame("heartbeat", {"timestamp": time.time()})]

    def ending(self, reason: str) -> Iterable[NamedFrame]:
        return [NamedFrame("disconnected", {"status": "disconnected"})]

    def sent(self, events: LogSlice, user_id: Any) -> None:
        delivered.note(events, user_id)

    def message(self, frame: Frame, viewer: Hashable) -> dict[str, Any] | None:
        """The data of a new message; ``None`` where it is of a larger conversation."""
        ends = ends_of(frame)
        if ends is None:
            return None
        said = frame.fields["message"]
        sender_id, receiver_id = ends
        number = said["conversation_id"]
        return {
            "id": said["id"],
            "sender_id": sender_id,
            "sender_name": said["sender_name"],
            "receiver_id": receiver_id,
            "message": readable_text(said["kind"], said["text"]),
            **attachment_shape(said["attachments"], viewer, self.base),
            "timestamp": instant(said["sent_at"]),
            "is_read": sender_id == receiver_id or bool(said.get("read_at")),
            "conversation_id": conversation_id(number),
            "sender": sender_id,
            "receiver": receiver_id,
            "conversation": number,
            "sender_avatar": picture_address(said.get("sender_avatar"), self.base),
        }


@lru_cache(maxsize=HOSTS)
def frames_for(base: str) -> ChatFrames:
    """The frames for clients that have reached this scheme and host: one object, so that what is made is shared."""
    return ChatFrames(base)


def special_viewers(events: LogSlice) -> frozenset[Any] | None:
    """For whom something else becomes of these events than for all others; ``None``: for everybody.

    Addresses of attachments are signed for a viewer. That a message was delivered is not told to whom it was.
    """
    viewers: set[Any] = set()
    for frame in events:
        if frame.type in {MessageCreated.type, MessageEdited.type}:
            if frame.fields["message"]["attachments"]:
                return None
            viewers.add(frame.fields["message"]["sender_id"])
        elif frame.type == MessageDelivered.type:
            viewers.add(frame.fields["person_id"])
    return frozenset(viewers)


def _created(frames: ChatFrames, frame: Frame, viewer: Hashable) -> list[NamedFrame]:
    data = frames.message(frame, viewer)
    return [NamedFrame("message", data)] if data else []


def _edited(frames: ChatFrames, frame: Frame, viewer: Hashable) -> list[NamedFrame]:
    data = frames.message(frame, viewer)
    return [NamedFrame("message_edited", data)] if data else []


def _deleted(frames: ChatFrames, frame: Frame, viewer: Hashable) -> list[NamedFrame]:
    if direct_people(frame) is None:
        return []
    fields: Mapping[str, Any] = frame.fields
    said = {"message_id": fields["message_id"], "conversation_id": conversation_id(fields["conversation_id"])}
    return [NamedFrame("message_deleted", said)]


def _read(frames: ChatFrames, frame: Frame, viewer: Hashable) -> list[NamedFrame]:
    fields = frame.fields
    said = {
        "reader_id": fields["person_id"],
        "reader_name": fields["person_name"],
        "read_at": instant(fields["read_at"]),
        "conversation_id": conversation_id(fields["conversation_id"]),
    }
    return [NamedFrame("read_receipt", {"message_id": number, **said}) for number in fields["message_ids"]]


def _delivered(frames: ChatFrames, frame: Frame, viewer: Hashable) -> list[NamedFrame]:
    fields = frame.fields
    if viewer == fields["person_id"]:
        return []
    at = instant(fields["delivered_at"])
    place = conversation_id(fields["conversation_id"])
    return [
        NamedFrame("delivery_receipt", {"message_id": number, "delivered_at": at, "conversation_id": place})
        for number in fields["message_ids"]
    ]


def notice(frame: Frame) -> dict[str, Any]:
    """The data of a notification."""
    fields = frame.fields
    return {
        **fields["data"],
        "id": fields["notice_id"],
        "title": fields["title"],
        "message": fields["message"],
        "notification_type": fields["notification_type"],
        "action_url": fields["action_url"],
        "timestamp": instant(frame.at),
    }


def _notice(frames: ChatFrames, frame: Frame, viewer: Hashable) -> list[NamedFrame]:
    return [NamedFrame("notification", notice(frame))]


_MAKERS = {
    MessageCreated.type: _created,
    MessageEdited.type: _edited,
    MessageDeleted.type: _deleted,
    MessageRead.type: _read,
    MessageDelivered.type: _delivered,
    NoticePublished.type: _notice,
}
TYPES = frozenset(_MAKERS)
