"""Clients of the chat at the ASGI interface, without a server."""

import asyncio
import json
from typing import Any

from channels.routing import URLRouter

from messaging.routing import websocket_urlpatterns
from realtime.transports.continuation import with_continuations

SECONDS = 5.0


class Socket:
    """A WebSocket with a token, or another query. ``await socket.next()`` is the next frame that it is sent."""

    def __init__(
        self, path: str, token: str | None, *, headers: tuple[tuple[bytes, bytes], ...] = (), query: str = ""
    ) -> None:
        self._says: asyncio.Queue[Any] = asyncio.Queue()
        self._heard: asyncio.Queue[Any] = asyncio.Queue()
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": f"token={token}".encode() if token is not None else query.encode(),
            "headers": [(b"host", b"testserver"), *headers],
            "subprotocols": [],
        }
        application = with_continuations(URLRouter(websocket_urlpatterns))
        self._task = asyncio.create_task(application(scope, self._says.get, self._heard.put))
        self._says.put_nowait({"type": "websocket.connect"})

    async def opened(self) -> "Socket":
        """Wait until it is let in."""
        assert (await self.event())["type"] == "websocket.accept"
        return self

    async def event(self) -> dict[str, Any]:
        """The next message of the ASGI interface."""
        return await asyncio.wait_for(self._heard.get(), SECONDS)

    async def next(self) -> dict[str, Any]:
        """The next frame."""
        event = await self.event()
        assert event["type"] == "websocket.send", event
        return json.loads(event["text"])

    def says(self, frame: Any) -> None:
        """Send a frame, or a text as it is."""
        self._says.put_nowait(
            {"type": "websocket.receive", "text": frame if isinstance(frame, str) else json.dumps(frame)}
        )

    async def leave(self) -> None:
        self._says.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self._task, SECONDS)
