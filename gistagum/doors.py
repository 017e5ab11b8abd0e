"""Which WebSocket handshakes are those of other clients than our pages: those with a token or a ticket."""

from typing import Any

from realtime.access.credentials import SESSION
from realtime.transports.presented import of_scope

from .middleware import Application


def by_credential(with_token: Application, otherwise: Application) -> Application:
    """An ASGI application that passes handshakes with a token or a ticket to the first one, all others to the second.

    The first one must not look at cookies: whoever adds a token to an address would else use somebody's session without
    the check of the origin.
    """

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        shown = of_scope({**scope, "cookies": {}})
        application = otherwise if shown is None or shown.kind == SESSION else with_token
        await application(scope, receive, send)

    return serve


def presented_key(scope: Any) -> str:
    """What a handshake with a token or a ticket is counted by, until it is known whose it is."""
    shown = of_scope({**scope, "cookies": {}})
    return (shown and shown.key) or "none"
