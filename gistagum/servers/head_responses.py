"""Responses to HEAD without a body. Daphne leaves out the first part of one and sends all others, which a client that
keeps its connection takes for the next response (findings/daphne-head-of-a-streamed-response.sh)."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Application = Callable[[Any, Any, Any], Awaitable[None]]


def without_bodies_of_head(application: Application) -> Application:
    """Wrap an ASGI application: every part of a response to HEAD is empty. Its headers stay."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await application(scope, receive, send)
            return

        async def send_head(message: MutableMapping[str, Any]) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await application(scope, receive, send_head)

    return serve
