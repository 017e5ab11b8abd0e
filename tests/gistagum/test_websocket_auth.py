"""Handshakes of sockets do not wait for each other, nor for a database that is away."""

import asyncio
import threading
from typing import Any

import pytest
from channels.auth import get_user
from channels.security.websocket import WebsocketDenier
from channels.sessions import SessionMiddleware
from django.contrib.auth.models import AnonymousUser
from django.db import InterfaceError, OperationalError

from gistagum.websocket_auth import StreamAuthMiddleware, refused_without_database

pytestmark = pytest.mark.django_db  # the threads that read look after their connections
TOGETHER = 3


async def shake_hands() -> list[dict[str, Any]]:
    """What is answered to somebody without a session."""
    said: list[dict[str, Any]] = []
    heard = iter([{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1006}])

    async def receive() -> dict[str, Any]:
        return next(heard)

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {"type": "websocket", "path": "/nothing/here/", "query_string": b"", "headers": [], "cookies": {}}
    application = refused_without_database(SessionMiddleware(StreamAuthMiddleware(WebsocketDenier.as_asgi())))
    await asyncio.wait_for(application(scope, receive, send), 20)
    return said


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_socket_is_refused_while_nobody_knows_who_it_is(monkeypatch, error):
    def away(scope: object) -> None:
        raise error("the connection is closed")

    monkeypatch.setattr(get_user, "func", away)
    assert asyncio.run(shake_hands()) == [{"type": "websocket.close"}]


def test_one_handshake_does_not_wait_for_another(monkeypatch):
    """With Channels' own middleware all of them wait for one thread."""
    inside = threading.Barrier(TOGETHER)

    def meet(scope: object) -> AnonymousUser:
        inside.wait(5)
        return AnonymousUser()

    async def together() -> list[list[dict[str, Any]]]:
        return await asyncio.gather(*(shake_hands() for _ in range(TOGETHER)))

    monkeypatch.setattr(get_user, "func", meet)
    assert asyncio.run(together()) == [[{"type": "websocket.close"}]] * TOGETHER
