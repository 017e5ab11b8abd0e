"""Outlets under Uvicorn: what is said is framed once, and written in a row (gistagum/servers/batched_writes.py).

Through ASGI each of a thousand clients has its own coroutine run and its own frame made for each write.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

from realtime.delivery.driver import OUTLET

from .batched_writes import chunked, framed, row
from .receive_queue import Inbox

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Outlet(ABC):
    """A connection's way past ``send``. Whatever goes through ``send`` comes after what was written here."""

    __slots__ = ("_protocol", "_said", "_send")

    def __init__(self, protocol: Any, send: Send) -> None:
        self._protocol, self._send = protocol, send
        self._said = b""  # in this turn

    @abstractmethod
    def takes(self) -> bool:
        """Whether something may be written at once."""

    @staticmethod
    @abstractmethod
    def framed(what: Any) -> bytes:
        """What is written for a text or for bytes."""

    @abstractmethod
    def settle(self) -> None:
        """Give back what was only needed to let the client in."""

    def write(self, what: Any) -> bool:
        """Write the next text or bytes at once; ``False`` where that must be waited for."""
        if self._said:  # one write waits, not more: else nobody would notice how much it is
            self.flush()
        if not self.takes():
            return False
        self._said = self.framed(what)
        row.add(self.flush)
        return True

    async def send(self, message: Message) -> None:
        """ASGI's ``send``."""
        self.flush()
        await self._send(message)

    def flush(self) -> None:
        """Write what was said in this turn."""
        if self._said:
            said, self._said = self._said, b""
            if self.is_open():
                self._protocol.transport.write(said)

    def is_open(self) -> bool:
        """Whether the connection still is."""
        return not self._protocol.transport.is_closing()


class StreamOutlet(Outlet):
    """A stream's. What does not go out in chunks goes through ``send``, as on another protocol than is known here."""

    __slots__ = ("_chunked",)
    framed = staticmethod(chunked)

    def __init__(self, cycle: Any, send: Send) -> None:
        super().__init__(cycle, send)
        h11 = type(cycle).__module__ == "uvicorn.protocols.http.h11_impl"
        self._chunked = h11 and cycle.scope["http_version"] == "1.1" and cycle.scope["method"] != "HEAD"

    def settle(self) -> None:
        """Little is left of how it came."""

    def takes(self) -> bool:
        cycle = self._protocol
        begun = self._chunked and cycle.response_started and not cycle.response_complete
        return begun and not (cycle.flow.write_paused or cycle.disconnected) and self.is_open()


class SocketOutlet(Outlet):
    """A socket's."""

    __slots__ = ()
    framed = staticmethod(framed)

    def takes(self) -> bool:
        return self._protocol.writable.is_set() and self.is_open()

    def is_open(self) -> bool:
        return not self._protocol.close_sent and super().is_open()

    def settle(self) -> None:
        """Give back the handshake's headers, kept twice, and a queue that is large when it is empty."""
        protocol = self._protocol
        protocol.queue = Inbox(protocol.queue)
        protocol.request = protocol.response = None
        protocol.scope["headers"] = []


class Known(NamedTuple):
    """A protocol of Uvicorn's whose ``send`` waits for events alone, and may so be begun outside of a task (that on the
    older part of ``websockets`` asks for the task that it runs in). ``has`` is what the outlet uses of it."""

    module: str
    outlet: type[Outlet]
    has: tuple[str, ...]


KNOWN = (
    Known(
        "uvicorn.protocols.http.",
        StreamOutlet,
        ("transport", "flow", "scope", "response_started", "response_complete", "disconnected"),
    ),
    Known(
        "uvicorn.protocols.websockets.websockets_sansio_impl",
        SocketOutlet,
        ("transport", "writable", "close_sent", "queue", "scope", "request", "response"),
    ),
)


def with_outlets(application: Application) -> Application:
    """The same application, which under Uvicorn is offered an outlet for each connection."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        outlet = _outlet(send)
        if outlet is not None:
            scope = {**scope, "extensions": {**(scope.get("extensions") or {}), OUTLET: outlet}}
            send = outlet.send
        serving = application(scope, receive, send)
        del scope  # it may be long gone when the connection ends
        try:
            await serving
        finally:
            if outlet is not None:
                outlet.flush()

    return serve


def _outlet(send: Send) -> Outlet | None:
    protocol = getattr(send, "__self__", None)
    for known in KNOWN:
        if type(protocol).__module__.startswith(known.module):
            return known.outlet(protocol, send) if all(hasattr(protocol, name) for name in known.has) else None
    return None
