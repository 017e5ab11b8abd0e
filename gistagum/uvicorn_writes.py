"""Outlets under Uvicorn: for sockets the same frames, made once and written in a row (gistagum/writes.py).

Through ASGI each of a thousand clients has its own coroutine run and its own frame made for each write. Streams go that
way all the same: their outlet only says that this server's ``send`` may be begun outside of a task.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from realtime.teller import OUTLET

from .inbox import Inbox
from .writes import framed, row

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


# Their ``send`` waits for events alone. That on the older part of ``websockets`` asks for the task that it runs in.
BEGUN_OUTSIDE_OF_TASKS = ("uvicorn.protocols.http.", "uvicorn.protocols.websockets.websockets_sansio_impl")


class StreamOutlet:
    """Nothing past ``send``."""

    def write(self, what: bytes) -> bool:
        """Nothing is written here."""
        return False

    def settle(self) -> None:
        """Little is left of how it came."""

    def flush(self) -> None:
        """Nothing is held back."""


class SocketOutlet:
    """A socket's way past ``send``. Whatever goes through ``send`` comes after what was written here."""

    def __init__(self, protocol: Any, send: Send) -> None:
        self._protocol, self._send = protocol, send
        self._said = b""  # in this turn

    def write(self, what: str) -> bool:
        """Write the next text at once; ``False`` where that must be waited for."""
        protocol = self._protocol
        if self._said:  # one write waits, not more: else nobody would notice how much it is
            self.flush()
        if not protocol.writable.is_set() or protocol.close_sent or protocol.transport.is_closing():
            return False
        self._said = framed(what)
        row.add(self.flush)
        return True

    def settle(self) -> None:
        """Give back the handshake's headers, kept twice, and a queue that is large when it is empty."""
        protocol = self._protocol
        protocol.queue = Inbox(protocol.queue)
        protocol.request = protocol.response = None
        protocol.scope["headers"] = []

    async def send(self, message: Message) -> None:
        """ASGI's ``send``."""
        self.flush()
        await self._send(message)

    def flush(self) -> None:
        """Write what was said in this turn."""
        said, self._said = self._said, b""
        if said and not self._protocol.close_sent and not self._protocol.transport.is_closing():
            self._protocol.transport.write(said)


def with_outlets(application: Application) -> Application:
    """The same application, which under Uvicorn is offered an outlet for each socket."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        protocol = getattr(send, "__self__", None)
        if not type(protocol).__module__.startswith(BEGUN_OUTSIDE_OF_TASKS):
            serving = application(scope, receive, send)
            del scope  # it may be long gone when the connection ends
            await serving
            return
        outlet: StreamOutlet | SocketOutlet = StreamOutlet()
        if scope["type"] == "websocket" and _speaks_here(protocol):
            outlet = SocketOutlet(protocol, send)
            send = outlet.send
        serving = application(
            {**scope, "extensions": {**(scope.get("extensions") or {}), OUTLET: outlet}}, receive, send
        )
        del scope
        try:
            await serving
        finally:
            outlet.flush()

    return serve


def _speaks_here(protocol: Any) -> bool:
    """Whether this is Uvicorn's protocol on the I/O-free part of ``websockets``, as it is known here."""
    kind = type(protocol)
    return (
        kind.__module__ == "uvicorn.protocols.websockets.websockets_sansio_impl"
        and isinstance(getattr(protocol, "writable", None), asyncio.Event)
        and isinstance(getattr(protocol, "queue", None), asyncio.Queue)
        and hasattr(protocol, "close_sent")
    )
