"""What the chat's sockets share: who is let in, the door, and how a client's message is carried out."""

import json
import logging
from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

from django.conf import settings
from django.db import DatabaseError

from realtime.delivery.reader import Reader, result_of
from realtime.delivery.subscriber import Subscription
from realtime.transports.adapters import Adapter
from realtime.transports.door import Door
from realtime.transports.websocket import SubscriberConsumer

from ...errors import MessagingError
from ...people import active_person
from ..streams import CHAT, MOST_STREAMS
from ..views import words_of

logger = logging.getLogger(__name__)

LARGEST_MESSAGE = 128 * 1024  # bytes: 10,000 characters may take six each
LONGEST_ECHO = 200  # characters
LARGEST_ECHO = 2**53
INVALID_JSON = "Invalid JSON format"
FAILED = "An error occurred while processing your message"

writers = Reader()  # what clients send is carried out here, so that readers of the log need not wait for it

Frames = Iterable[dict[str, Any]]


class ChatSocket(SubscriberConsumer):
    """A socket of the chat. Subclasses name their ``frames`` (an adapter for a scheme and host), and ``carry_out``."""

    largest_message = LARGEST_MESSAGE
    name: ClassVar[str] = "chat-ws"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.door = Door(self.name, self.frames(base_of(scope)), most=MOST_STREAMS)
        await super().__call__(scope, receive, send)

    def frames(self, base: str) -> Adapter:
        """The adapter for clients that have reached this scheme and host: for equal ones the same object."""
        raise NotImplementedError

    def carry_out(self, person: Any, said: dict[str, Any]) -> Frames:
        """Carry out a message of this person's, in a thread. Return the answer. Raises MessagingError."""
        raise NotImplementedError

    def subscription(self, query: dict[str, str]) -> Subscription:
        return CHAT

    async def respond(self, text: str) -> Frames:
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return [error(INVALID_JSON)]
        if not isinstance(said, dict):
            return [error(INVALID_JSON)]
        try:
            return await result_of(writers.submit(None, partial(self._carried_out, said)))
        except (DatabaseError, TimeoutError) as fault:
            logger.warning("A client's message was not carried out: %s: %s", type(fault).__name__, fault)
            return [error(FAILED)]

    def _carried_out(self, said: dict[str, Any]) -> Frames:
        person = active_person(self.user_id)
        if person is None:  # disabled a moment ago: the socket is about to be closed
            return ()
        try:
            return list(self.carry_out(person, said))
        except MessagingError as refusal:
            return [self.refused(refusal)]

    def refused(self, refusal: MessagingError) -> dict[str, Any]:
        """The frame that answers what a service refuses."""
        return error(words_of(refusal))


def error(text: str) -> dict[str, Any]:
    """The frame of an error. What a client wrote may be in it."""
    return {"type": "error", "error": _sendable(text)}


def echoed(value: Any) -> int | str | None:
    """A name that a client gave to something, as it is given back: a number or a text of reasonable length."""
    if isinstance(value, str) and len(value) <= LONGEST_ECHO:
        return _sendable(value)
    return value if isinstance(value, int) and abs(value) < LARGEST_ECHO else None


def _sendable(text: str) -> str:
    """The text with ``?`` for halves of surrogate pairs, which JSON can hold and no frame can."""
    return text.encode("utf-8", "replace").decode()


def base_of(scope: Any) -> str:
    """Scheme and host of this site as the client reached it. The host was checked (gistagum/middleware.py)."""
    host = dict(scope["headers"]).get(b"host", b"").decode("latin1")
    return f"{'https' if settings.HTTPS else 'http'}://{host}"
