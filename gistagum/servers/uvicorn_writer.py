"""Direct writers for Uvicorn's connections (gistagum/servers/batched_writes.py).

Through ASGI, each write to each client would run a coroutine and encode the frame again.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

from realtime.delivery.direct_writer import DIRECT_WRITER

from .batched_writes import batch, chunked, framed
from .receive_queue import ReceiveQueue

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class DirectWriter(ABC):
    """Writes to one connection without ``send``. Messages through ``send`` come after what was written here."""

    __slots__ = ("_pending", "_protocol", "_send")

    def __init__(self, protocol: Any, send: Send) -> None:
        self._protocol, self._send = protocol, send
        self._pending = b""  # in this turn

    @abstractmethod
    def writable(self) -> bool:
        """Whether the connection takes more now."""

    @staticmethod
    @abstractmethod
    def framed(data: Any) -> bytes:
        """The bytes on the wire for a text or for bytes."""

    @abstractmethod
    def release_handshake(self) -> None:
        """Free what was only needed to let the client in."""

    def write(self, data: Any) -> bool:
        """Write the next text or bytes at once; ``False`` where the connection takes no more now."""
        if self._pending:  # only one write waits, so that flow control sees the rest
            self.flush()
        if not self.writable():
            return False
        self._pending = self.framed(data)
        batch.add(self.flush)
        return True

    async def send(self, message: Message) -> None:
        """ASGI's ``send``."""
        self.flush()
        await self._send(message)

    def flush(self) -> None:
        """Write what is pending in this turn."""
        if self._pending:
            data, self._pending = self._pending, b""
            if self.is_open():
                self._protocol.transport.write(data)

    def is_open(self) -> bool:
        """Whether the connection still is."""
        return not self._protocol.transport.is_closing()


class StreamDirectWriter(DirectWriter):
    """For a stream. A response that is not chunked, or on a protocol that is not known here, goes through ``send``."""

    __slots__ = ("_chunked",)
    framed = staticmethod(chunked)

    def __init__(self, cycle: Any, send: Send) -> None:
        super().__init__(cycle, send)
        h11 = type(cycle).__module__ == "uvicorn.protocols.http.h11_impl"
        self._chunked = h11 and cycle.scope["http_version"] == "1.1" and cycle.scope["method"] != "HEAD"

    def release_handshake(self) -> None:
        """Uvicorn keeps nothing of it."""

    def writable(self) -> bool:
        cycle = self._protocol
        begun = self._chunked and cycle.response_started and not cycle.response_complete
        return begun and not (cycle.flow.write_paused or cycle.disconnected) and self.is_open()


class SocketDirectWriter(DirectWriter):
    """For a WebSocket."""

    __slots__ = ()
    framed = staticmethod(framed)

    def writable(self) -> bool:
        return self._protocol.writable.is_set() and self.is_open()

    def is_open(self) -> bool:
        return not self._protocol.close_sent and super().is_open()

    def release_handshake(self) -> None:
        """Free the handshake's headers, kept twice, and a queue that is large when it is empty."""
        protocol = self._protocol
        protocol.queue = ReceiveQueue(protocol.queue)
        protocol.request = protocol.response = None
        protocol.scope["headers"] = []


class Known(NamedTuple):
    """A protocol of Uvicorn's whose ``send`` may be started outside of a task, since it waits for events only.

    (The one on the older part of ``websockets`` uses its current task.) ``has`` names what the writer uses of it.
    """

    module: str
    direct_writer: type[DirectWriter]
    has: tuple[str, ...]


KNOWN = (
    Known(
        "uvicorn.protocols.http.",
        StreamDirectWriter,
        ("transport", "flow", "scope", "response_started", "response_complete", "disconnected"),
    ),
    Known(
        "uvicorn.protocols.websockets.websockets_sansio_impl",
        SocketDirectWriter,
        ("transport", "writable", "close_sent", "queue", "scope", "request", "response"),
    ),
)


def with_direct_writers(application: Application) -> Application:
    """Wrap an application: under Uvicorn it is offered a direct writer for each connection."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        direct_writer = _direct_writer(send)
        if direct_writer is not None:
            scope = {**scope, "extensions": {**(scope.get("extensions") or {}), DIRECT_WRITER: direct_writer}}
            send = direct_writer.send
        serving = application(scope, receive, send)
        del scope  # it may be long gone when the connection ends
        try:
            await serving
        finally:
            if direct_writer is not None:
                direct_writer.flush()

    return serve


def _direct_writer(send: Send) -> DirectWriter | None:
    protocol = getattr(send, "__self__", None)
    for known in KNOWN:
        if type(protocol).__module__.startswith(known.module):
            return known.direct_writer(protocol, send) if all(hasattr(protocol, name) for name in known.has) else None
    return None
