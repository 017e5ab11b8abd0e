"""What the chat's sockets share: who is let in, the door, and how refusals look."""

from typing import Any, ClassVar

from django.conf import settings

from realtime.delivery.subscriber import Subscription
from realtime.transports.adapters import Adapter
from realtime.transports.door import Door

from ...client_socket import ClientSocket
from ...errors import MessagingError
from ..streams import CHAT, MOST_STREAMS
from ..views import words_of

LARGEST_MESSAGE = 128 * 1024  # bytes: 10,000 characters may take six each
LONGEST_ECHO = 200  # characters
LARGEST_ECHO = 2**53
INVALID_JSON = "Invalid JSON format"
FAILED = "An error occurred while processing your message"


class ChatSocket(ClientSocket):
    """A socket of the chat. Subclasses name their ``frames`` (an adapter for a scheme and host), and ``carry_out``."""

    largest_message = LARGEST_MESSAGE
    name: ClassVar[str] = "chat-ws"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.door = Door(self.name, self.frames(base_of(scope)), most=MOST_STREAMS)
        await super().__call__(scope, receive, send)

    def frames(self, base: str) -> Adapter:
        """The adapter for clients that have reached this scheme and host: for equal ones the same object."""
        raise NotImplementedError

    def subscription(self, query: dict[str, str]) -> Subscription:
        return CHAT

    def invalid_json(self) -> dict[str, Any]:
        return error(INVALID_JSON)

    def failed(self) -> dict[str, Any]:
        return error(FAILED)

    def refused(self, refusal: MessagingError) -> dict[str, Any]:
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
