"""An open connection keeps nothing in memory of the request that opened it.

Middleware, request, session and user decide who is let in. Under ASGI all of them would stay in memory, with their
tasks and the thread that they ran in, for as long as the connection is open. Below ``with_continuations`` an
application only decides. It defers what happens on the open connection (``defer``) and returns. The server frees its
part, too, as far as it can (``DirectWriter.release_handshake``).
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from ..delivery.direct_writer import direct_writer_of

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Continuation = Callable[[Receive, Send], Awaitable[None]]

KEY = "realtime.continuation"


def defer(scope: Mapping[str, Any], continuation: Continuation) -> bool:
    """Run ``continuation`` once the application has returned. Return ``False`` when no wrapper is there to run it."""
    if KEY not in scope:
        return False
    scope[KEY].append(continuation)
    return True


def with_continuations(application: Application) -> Application:
    """Wrap an application that may defer a continuation. The end of its response is then sent by the continuation."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        deferred: list[Continuation] = []
        started = scope["type"] != "http"

        async def send_all_but_the_end(message: Any) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if message["status"] != 200:
                    deferred.clear()  # a middleware has replaced the response
            if deferred and message["type"] == "http.response.body" and not message.get("more_body"):
                return
            await send(message)

        direct_writer = direct_writer_of(scope)
        deciding = application({**scope, KEY: deferred}, receive, send_all_but_the_end)
        del scope
        await deciding
        del deciding
        if deferred and started:  # else the client left before its response started
            if direct_writer is not None:
                direct_writer.release_handshake()
            await deferred.pop()(receive, send)

    return serve
