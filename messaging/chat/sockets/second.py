"""The second generation of the chat's WebSocket: everything that the streams have, and answers to what clients send."""

from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache
from typing import Any

from django.utils import timezone

from realtime.access.user_ids import to_json
from realtime.log.replay import Frame
from realtime.transports.adapters import Adapter, NamedFrame

from ...client_socket import Frames
from ...errors import Invalid, NotFound
from ...notices.events import NoticePublished
from ...receipts import mark_delivered
from ...turns import charge_typing
from .. import inputs, online, typing
from ..conversations import mark_read
from ..frames import HOSTS, ChatFrames, notice
from ..messages import FILES_ONLY, send
from ..shapes import conversation_id, instant
from .consumer import ChatSocket, echoed

UNAUTHORIZED = 4001
TOO_MANY = 4029
SHOWN = frozenset({"message", "read_receipt", "delivery_receipt", "message_edited", "message_deleted"})
SHOWN_TYPE = 50  # characters of a type that is not known


def _now() -> str | None:
    return instant(timezone.now())


class SecondFrames(ChatFrames):
    """The frames of the streams under the names of this generation."""

    heartbeat_seconds = None

    def opening(self, user_id: Any) -> Iterable[NamedFrame]:
        said = {"status": "connected", "user_id": to_json(user_id), "timestamp": _now()}
        return [NamedFrame("connection", said)]

    def event(self, frame: Frame, scope: Hashable) -> Iterable[NamedFrame]:
        made = [one for one in self.named(frame, scope) if one.name in SHOWN]
        for one in made:
            if one.name == "message":
                one.data["delivered_at"] = None
        return made

    def state(self, frame: dict[str, Any]) -> Iterable[NamedFrame]:
        for one in super().state(frame):
            if one.name == "typing":
                yield NamedFrame("typing_indicator", {**one.data, "timestamp": _now()})
            elif one.name == "presence":
                said = {"user_id": one.data["user_id"], "is_online": one.data["is_online"]}
                yield NamedFrame("online_status_changed", {**said, "timestamp": _now()})

    def heartbeat(self) -> Iterable[NamedFrame]:
        return ()

    def ending(self, reason: str) -> Iterable[NamedFrame]:
        return ()


class SecondNotices(Adapter):
    """Notifications. Nothing keeps which of them were read, so none is unread."""

    def opening(self, user_id: Any) -> Iterable[NamedFrame]:
        said = {"status": "connected", "user_id": to_json(user_id), "timestamp": _now(), "unread_count": 0}
        return [NamedFrame("connection", said)]

    def event(self, frame: Frame, scope: Hashable) -> Iterable[NamedFrame]:
        if frame.type != NoticePublished.type:
            return []
        return [NamedFrame("notification", {"notification": notice(frame)})]


@lru_cache(maxsize=HOSTS)
def frames_for(base: str) -> SecondFrames:
    """The frames for clients that have reached this scheme and host."""
    return SecondFrames(base)


notices = SecondNotices()


def _message(person: Any, said: dict[str, Any]) -> Frames:
    if said.get("attachment") not in (None, ""):
        raise Invalid(FILES_ONLY)
    temp_id = echoed(said.get("temp_id"))
    message = send(person, {"message": "", **{name: value for name, value in said.items() if value is not None}})
    sent = {"id": message.pk, "conversation_id": conversation_id(message.conversation_id)}
    return [{"type": "message_sent", **sent, "timestamp": instant(message.sent_at), "temp_id": temp_id}]


def _typing(person: Any, said: dict[str, Any]) -> Frames:
    charge_typing(person)
    is_typing = inputs.flag(said.get("is_typing", True), "is_typing")
    typing.tell(person, inputs.receiver_of(person, said), is_typing)
    return ()


def _read(person: Any, said: dict[str, Any]) -> Frames:
    return [{"type": "read_receipt_sent", "count": mark_read(person, said).count}]


def _delivered(person: Any, said: dict[str, Any]) -> Frames:
    mark_delivered(person, [inputs.number(said.get("message_id"), "message_id", least=1)])
    return ()


def _status(person: Any, said: dict[str, Any]) -> Frames:
    other = inputs.person_of(said.get("user_id"), inputs.NO_USER)
    if not online.may_know(person, [other.pk]):
        raise NotFound(inputs.NO_USER)
    there = other.pk in online.among(person, [other.pk])
    return [{"type": "online_status", "user_id": to_json(other.pk), "is_online": there, "timestamp": _now()}]


_ANSWERS: dict[Any, Callable[[Any, dict[str, Any]], Frames]] = {
    "message": _message,
    "typing": _typing,
    "read_receipt": _read,
    "delivery_receipt": _delivered,
    "get_online_status": _status,
}


class SecondChat(ChatSocket):
    """``/ws/v2/chat/``."""

    refusal_code = UNAUTHORIZED
    too_many_code = TOO_MANY

    def frames(self, base: str) -> Adapter:
        return frames_for(base)

    def carry_out(self, person: Any, said: dict[str, Any]) -> Frames:
        answer: Frames = _answer(_ANSWERS, said)(person, said)
        return answer


def _answer(answers: dict[Any, Any], said: dict[str, Any], usual: str | None = "message") -> Any:
    kind = said.get("type", usual)
    if not isinstance(kind, str) or kind not in answers:
        raise Invalid(f"Unknown message type: {str(kind)[:SHOWN_TYPE]}")
    return answers[kind]


_NOTICE_ANSWERS: dict[Any, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "mark_read": lambda said: {
        "type": "notification_read",
        "notification_id": echoed(said.get("notification_id")),
        "unread_count": 0,
    },
    "mark_all_read": lambda said: {"type": "all_notifications_read", "count": 0, "unread_count": 0},
    "get_unread_count": lambda said: {"type": "unread_count", "count": 0},
}


class SecondNotifications(ChatSocket):
    """``/ws/v2/notifications/``."""

    name = "chat-ws-notices"
    refusal_code = UNAUTHORIZED
    too_many_code = TOO_MANY

    def frames(self, base: str) -> Adapter:
        return notices

    def carry_out(self, person: Any, said: dict[str, Any]) -> Frames:
        return [_answer(_NOTICE_ANSWERS, said, None)(said)]
