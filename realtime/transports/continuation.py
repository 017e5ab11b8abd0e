"""An open connection keeps nothing of what let it in.

Middlewares, request, session and user decide who comes in. Under ASGI all of them would stay in memory, with the tasks
and the thread that they ran in, for as long as the connection is open. So below ``going_on`` an application only
decides; what is to be said after that it leaves in the scope (``leave``) and returns, and the rest goes on alone. The
server is told, too, as far as it lets itself be told (``Outlet.settle``).
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ..delivery.driver import outlet_of

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Rest = Callable[[Receive, Send], Awaitable[None]]

KEY = "realtime.rest"


def leave(scope: Scope, rest: Rest) -> bool:
    """Leave what is to go on once the application has returned; ``False`` when nobody is there to carry it on."""
    if KEY not in scope:
        return False
    scope[KEY].append(rest)
    return True


def going_on(application: Application) -> Application:
    """The same application, which may leave a rest. Of an answer whose rest goes on, the end is not sent."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        left: list[Rest] = []
        begun = scope["type"] != "http"

        async def send_all_but_the_end(message: Any) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                if message["status"] != 200:
                    left.clear()  # somebody has put another answer in its place
            if left and message["type"] == "http.response.body" and not message.get("more_body"):
                return
            await send(message)

        outlet = outlet_of(scope)
        asked = application({**scope, KEY: left}, receive, send_all_but_the_end)
        del scope
        await asked
        del asked
        if left and begun:  # else the client left before its answer began
            if outlet is not None:
                outlet.settle()
            await left.pop()(receive, send)

    return serve
