"""The first generation of the chat's WebSocket: a frame to the sender, one to the receiver, and nothing else."""

from collections.abc import Hashable, Iterable
from functools import lru_cache
from typing import Any

from realtime.log.replay import Frame
from realtime.transports.adapters import Adapter, NamedFrame

from ...client_socket import Frames
from ...errors import Invalid, MessagingError
from ...events import MessageCreated
from ...notices.events import NoticePublished
from ...turns import charge_typing
from .. import inputs, typing
from ..conversations import mark_read
from ..ends import ends_of
from ..frames import HOSTS, ChatFrames, notice
from ..messages import FILES_ONLY, send
from .consumer import ChatSocket

NO_RECEIVER = "Failed to send message. Receiver not found."


class FirstFrames(ChatFrames):
    """``message_sent`` to the sender, on all their sockets, and ``chat_message`` to the receiver."""

    heartbeat_seconds = None

    def opening(self, user_id: Any) -> Iterable[NamedFrame]:
        return ()

    def event(self, frame: Frame, scope: Hashable) -> Iterable[NamedFrame]:
        data = self.message(frame, scope) if frame.type == MessageCreated.type else None
        ends = ends_of(frame) if data else None
        if data is None or ends is None:
            return []
        said = {name: data[name] for name in ("id", "sender_id", "sender_name", "message", "attachment", "timestamp")}
        if scope == ends[0]:
            sent = {"id": data["id"], "status": "delivered", "receiver_id": data["receiver_id"], **said}
            return [NamedFrame("message_sent", sent)]
        return [NamedFrame("chat_message", said)]

    def state(self, frame: dict[str, Any]) -> Iterable[NamedFrame]:
        return ()

    def heartbeat(self) -> Iterable[NamedFrame]:
        return ()

    def ending(self, reason: str) -> Iterable[NamedFrame]:
        return ()


class FirstNotices(Adapter):
    """Notifications, for a person or a college."""

    def event(self, frame: Frame, scope: Hashable) -> Iterable[NamedFrame]:
        return [NamedFrame("notify", notice(frame))] if frame.type == NoticePublished.type else []


@lru_cache(maxsize=HOSTS)
def frames_for(base: str) -> FirstFrames:
    """The frames for clients that have reached this scheme and host."""
    return FirstFrames(base)


notices = FirstNotices()


class FirstChat(ChatSocket):
    """``/ws/chat/``: messages without a type, and those of the very first client with one."""

    def frames(self, base: str) -> Adapter:
        return frames_for(base)

    def carry_out(self, person: Any, said: dict[str, Any]) -> Frames:
        kind = said.get("type", "chat_message")
        if kind == "typing":
            charge_typing(person)
            is_typing = inputs.flag(said.get("is_typing", True), "is_typing")
            typing.tell(person, inputs.receiver_of(person, said), is_typing)
        elif kind == "mark_read":
            mark_read(person, said)
        elif kind == "chat_message":
            if said.get("attachment") not in (None, ""):
                raise Invalid(FILES_ONLY)
            send(person, {"message": "", **{name: value for name, value in said.items() if value is not None}})
        else:
            raise Invalid("Unknown message type")
        return ()

    def refused(self, refusal: MessagingError) -> dict[str, Any]:
        frame = super().refused(refusal)
        if refusal.status == 404 or refusal.text == inputs.NO_ID:
            frame["error"] = NO_RECEIVER
        return frame


class FirstNotifications(ChatSocket):
    """``/ws/notifications/``: notifications. The client says nothing."""

    name = "chat-ws-notices"

    def frames(self, base: str) -> Adapter:
        return notices

    async def respond(self, text: str) -> Frames:
        return ()
