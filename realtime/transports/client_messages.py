"""What a client may send over a WebSocket: ``ping`` and ``ack``, within a size and a rate (docs/events.md)."""

import json
import time
from collections.abc import Callable
from typing import Any

from ..access.user_ids import UserId

LARGEST_MESSAGE = 4096  # bytes that a client may send at once
MESSAGES_A_SECOND = 20
MESSAGES_AT_ONCE = 60
MOST_ACKS = 500
LARGEST_ID = 2**63 - 1  # of an event; a database refuses to compare with more


class Allowance:
    """A token bucket for the messages of one client."""

    __slots__ = ("_at", "_left")

    def __init__(self) -> None:
        self._left = float(MESSAGES_AT_ONCE)
        self._at = 0.0

    def take(self) -> bool:
        """Take one message's place; ``False`` when there is none left."""
        now = time.monotonic()
        self._left = min(MESSAGES_AT_ONCE, self._left + (now - self._at) * MESSAGES_A_SECOND) - 1
        self._at = now
        return self._left >= 0


Acknowledged = Callable[[UserId, list[int]], None]

# Called with a user and the ids of events that a client of theirs has acknowledged, whatever these are. They run in the
# event loop of the connection and must not block.
acknowledged: list[Acknowledged] = []


def answer(text: str, user_id: UserId | None = None) -> dict[str, Any] | None:
    """The frame that answers a message, an ``error`` frame for one that is not understood; ``None`` for no answer.

    What this user acknowledges is told to those who have registered in ``acknowledged``.
    """
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {"type": "error", "message": "Invalid JSON"}
    if not isinstance(message, dict):
        return {"type": "error", "message": "A message is a JSON object."}
    kind = message.get("type")
    if kind == "ping":
        return {"type": "pong"}
    if kind == "ack":
        ids = message.get("ids")
        if not isinstance(ids, list) or len(ids) > MOST_ACKS or not all(type(one) is int for one in ids):
            return {"type": "error", "message": f"ids is a list of at most {MOST_ACKS} whole numbers."}
        known = [one for one in ids if 0 < one <= LARGEST_ID]
        if user_id is not None and known:
            for callback in acknowledged:
                callback(user_id, known)
        return None
    return {"type": "error", "message": "Unknown type; types are ping and ack."}
