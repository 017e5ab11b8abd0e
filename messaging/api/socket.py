"""``/ws?ticket=``: one's conversations, live, for programs.

It is opened with a ticket (messaging/api/tickets.py), and never with a token in its address. ``after``: the id of the
last event that the program has. What came since is sent first.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from realtime.access.identity import Identity
from realtime.access.user_ids import to_json
from realtime.delivery.subscriber import Subscriber, Subscription
from realtime.delivery.topics import of_topics
from realtime.transports.door import Door
from realtime.transports.websocket import Close

from .. import checking, receipts, unread
from ..client_socket import ClientSocket, Frames, Said
from ..conversations import get_for
from ..errors import MessagingError
from ..events import MESSAGES
from ..live import typing
from ..live.deliveries import deliveries
from ..turns import charge_typing
from .frames import ConversationFrames

MOST_SOCKETS = 20  # of one person in a process; one more ends the oldest


class ConversationsSocket(ClientSocket):
    """A program's socket. It says ``ack``, ``read`` and ``typing``; anything else is answered with an ``error``."""

    door = Door("conversations-ws", ConversationFrames(), most=MOST_SOCKETS)
    refusal_code = Close.SIGNED_OUT
    _hello: Said | None = None

    async def identify(self) -> Identity | None:
        """Whose ticket, session or ``Authorization`` header it is; nobody's where a token stands in the address."""
        if "token" in parse_qs(self.scope["query_string"].decode("latin1"), keep_blank_values=True):
            return None
        return await super().identify()

    def subscription(self, query: dict[str, str]) -> Subscription:
        return of_topics(MESSAGES)

    def _attach(self, identity: Identity, subscription: Subscription, query: dict[str, str]) -> Subscriber | None:
        after = query.get("after")
        subscriber = super()._attach(identity, subscription, {**query, "last_event_id": after or ""})
        if subscriber is not None:
            messages, _ = unread.total(identity.user)
            self._hello = {
                "type": "hello",
                "user_id": to_json(self.user_id),
                "unread_count": messages,
                "cursor": subscriber.cursor,
                "recovered": bool(after) and not subscriber.reset,
            }
        return subscriber

    async def _let_in(self) -> Subscriber | None:
        subscriber = await super()._let_in()
        if subscriber is not None and self._hello is not None:
            await self._send(self._hello)
            self._hello = None
        return subscriber

    def carry_out(self, person: Any, said: Said) -> Frames:
        carry_out = _CARRIED_OUT.get(str(said.get("type")))
        if carry_out is None:
            return [_error("unknown_type")]
        carry_out(person, said)
        return []

    def invalid_json(self) -> Said:
        return _error("invalid_json")

    def refused(self, refusal: MessagingError) -> Said:
        return _error(refusal.code)

    def failed(self) -> Said:
        return _error("unavailable")


def _error(code: str) -> Said:
    return {"type": "error", "code": code}


def _ack(person: Any, said: Said) -> None:
    deliveries.acknowledge(person.pk, checking.row_ids([said.get("id")], "id"))


def _read(person: Any, said: Said) -> None:
    place = get_for(person, said.get("conversation_id"))
    [up_to] = checking.row_ids([said.get("message_id")], "message_id")
    receipts.mark_read(person, conversation=place, up_to=up_to)


def _typing(person: Any, said: Said) -> None:
    charge_typing(person)
    is_typing = checking.flag(said.get("is_typing", True), "is_typing")
    typing.typing(person, get_for(person, said.get("conversation_id")), is_typing)


_CARRIED_OUT: dict[str, Callable[[Any, Said], None]] = {"ack": _ack, "read": _read, "typing": _typing}
