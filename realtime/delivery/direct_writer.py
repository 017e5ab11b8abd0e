"""A server's way to write to an open connection without ASGI's ``send``: one function call instead of a coroutine."""

from collections.abc import Awaitable, Coroutine
from typing import Any, Protocol

from .eager import start_eagerly

DIRECT_WRITER = "realtime.direct_writer"  # the extension of an ASGI scope under which a server offers its writer


class DirectWriter(Protocol):
    """What a server offers for one connection (gistagum/servers/ implements it for Daphne and Uvicorn).

    A server that offers one also promises that its ``send`` may be started outside of a task
    (realtime/delivery/eager.py).
    """

    def write(self, data: Any) -> bool:
        """Write the next text (WebSocket) or bytes (HTTP) at once.

        Return ``False`` where the connection takes nothing more now. Nothing was written then; ``send`` waits.
        """

    def release_handshake(self) -> None:
        """Free what was only needed to let the client in. No ``receive`` is pending at that moment."""


def direct_writer_of(scope: Any) -> DirectWriter | None:
    """The writer that the server offers for this connection, if it offers one."""
    return (scope.get("extensions") or {}).get(DIRECT_WRITER)


def start_sending(direct_writer: DirectWriter | None, sending: Coroutine[Any, Any, None]) -> Awaitable[None] | None:
    """Start a coroutine that uses ``send``. Return what is left to await: all of it where it may not start eagerly."""
    return sending if direct_writer is None else start_eagerly(sending)
