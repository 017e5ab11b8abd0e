"""The credential that a request or a handshake presents: found without a query, and not yet believed."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from django.conf import settings
from django.http import HttpRequest

from ..access import tickets
from ..access.credentials import SESSION
from ..access.identity import Identity, of_key

TOKEN = "token"  # noqa: S105 (the name of a kind)
TICKET = "ticket"

# What a token, a ticket or a session's key can look like. A database may answer anything else with an error.
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_SCHEME = re.compile(r"(?:Token|Bearer)(?:\s+|$)", re.IGNORECASE)


class Presented(NamedTuple):
    """A credential as a client presents it: its kind, and its key (empty: none that could be valid)."""

    kind: str
    key: str

    def identity(self) -> Identity | None:
        """Whose token or ticket it is; ``None`` when it is not valid, and for a session. A ticket is used up."""
        if not self.key or self.kind == SESSION:
            return None
        return tickets.redeem(self.key) if self.kind == TICKET else of_key(self.kind, self.key)


def presented(query: Mapping[str, str], authorization: str, cookies: Mapping[str, str]) -> Presented | None:
    """What is presented; ``None`` for nothing.

    The first of these that is there: ``?token=``, an ``Authorization`` header with ``Token`` or ``Bearer``,
    ``?ticket=``, a session cookie. ``Token`` and ``Bearer`` may also stand in ``?token=``.
    """
    if token := query.get("token"):
        return Presented(TOKEN, _valid(_SCHEME.sub("", token, count=1)))
    if _SCHEME.match(authorization):
        return Presented(TOKEN, _valid(_SCHEME.sub("", authorization, count=1)))
    if ticket := query.get("ticket"):
        return Presented(TICKET, _valid(ticket))
    if session := cookies.get(settings.SESSION_COOKIE_NAME):
        return Presented(SESSION, session)
    return None


def of_request(request: HttpRequest) -> Presented | None:
    """What a request presents."""
    return presented(request.GET, request.headers.get("Authorization", ""), request.COOKIES)


def of_scope(scope: Any) -> Presented | None:
    """What a WebSocket handshake presents. Channels' CookieMiddleware may have put cookies into the scope."""
    asked = parse_qs(scope["query_string"].decode("latin1"), keep_blank_values=True)
    query = {name: values[-1] for name, values in asked.items()}
    headers = dict(scope["headers"])
    return presented(query, headers.get(b"authorization", b"").decode("latin1"), scope.get("cookies") or {})


def _valid(key: str) -> str:
    key = key.strip()
    return key if _KEY.fullmatch(key) else ""
