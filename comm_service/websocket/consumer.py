"""The WebSocket ``/ws/notifications/{user_id}/``: what is new for a user, in the frames of the contract."""

import json
from collections.abc import Iterable
from typing import Any, NoReturn

from realtime.access.identity import Identity
from realtime.delivery.subscriber import Subscription
from realtime.log.events import to_json
from realtime.transports.door import Door
from realtime.transports.websocket import SubscriberConsumer

from ..access import Forbidden
from ..callers import Refused, caller_of_scope
from . import frames
from .listening import NOTIFICATIONS, identity_of, user_id_of

LARGEST_MESSAGE = 64 * 1024  # bytes
MOST_SOCKETS = 20  # of one user in a process; one more ends the oldest
NO_JSON = {"type": "error", "message": "Invalid JSON"}
NO_TEXT = {"type": "error", "message": "Messages are text"}


class NotificationsSocket(SubscriberConsumer):
    """Refuses before it accepts: what is no user id, a caller without a valid token, and another user's address.

    Every JSON value that a client sends comes back as ``echo``, also ``{"type": "ping"}``.
    """

    door = Door("comm-ws", frames.of_sockets, most=MOST_SOCKETS)
    largest_message = LARGEST_MESSAGE
    binary_answer = NO_TEXT

    async def identify(self) -> Identity | None:
        user_id = user_id_of(self.scope["url_route"]["kwargs"]["user_id"])
        if user_id is None:
            return None
        try:
            return identity_of(caller_of_scope(self.scope), user_id)
        except (Refused, Forbidden):
            return None

    def subscription(self, query: dict[str, str]) -> Subscription:
        return NOTIFICATIONS

    async def respond(self, text: str) -> Iterable[dict[str, Any]]:
        try:
            echo = {"type": "echo", "data": json.loads(text, parse_constant=_refuse)}
            to_json(echo).encode()  # JSON can hold what no frame can: halves of surrogate pairs, numbers beyond a float
        except (ValueError, RecursionError):
            return [NO_JSON]
        return [echo]


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
