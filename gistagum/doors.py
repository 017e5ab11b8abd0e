"""Which WebSocket handshakes are those of other clients than our pages: by what they present, or by their address."""

from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qs

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


def by_address(patterns: Collection[Any], application: Application, otherwise: Application) -> Application:
    """An ASGI application that passes handshakes at addresses of these URL patterns to the first one."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"].removeprefix("/")
        matches = any(one.pattern.match(path) for one in patterns)
        await (application if matches else otherwise)(scope, receive, send)

    return serve


def outsiders_key(scope: Any) -> str:
    """What a handshake of another service's user is counted by, until it is known whose it is.

    Without a token, by the address that it asks for. What is presented is not looked at.
    """
    headers = dict(scope["headers"])
    given: str = headers.get(b"authorization", b"").decode("latin1")
    try:
        asked = parse_qs(scope["query_string"].decode("latin1"), max_num_fields=100)
    except ValueError:
        asked = {}
    return given or asked.get("token", [""])[0] or str(scope["path"])


def presented_key(scope: Any) -> str:
    """What a handshake with a token or a ticket is counted by, until it is known whose it is."""
    shown = of_scope({**scope, "cookies": {}})
    return (shown and shown.key) or "none"
