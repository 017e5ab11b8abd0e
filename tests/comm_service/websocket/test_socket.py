"""`/ws/notifications/{user_id}/` at the ASGI interface: who is let in, the frames, the echo, and resuming."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from channels.routing import URLRouter

from comm_service import callers, services
from comm_service.models import Message, Notification
from comm_service.websocket import listening
from comm_service.websocket.routing import websocket_urlpatterns
from gistagum.doors import by_address, outsiders_key
from gistagum.middleware import with_allowed_origin_if_any
from realtime.delivery.hub import Hub
from realtime.transports import sse, websocket
from realtime.transports.continuation import with_continuations

SECONDS = 10.0
ANA = UUID("0b0f5a6e-1c1f-4a3e-9a52-5d1f0f6a7c11")
PATH = f"/ws/notifications/{ANA}/"


@pytest.fixture
def live(new_database, on_database, monkeypatch, settings) -> Iterator[Hub]:
    """A hub whose tail turns by itself, on a database of the test's own."""
    on_database(new_database("sqlite"))
    settings.USE_DAPHNE = True
    made = Hub()
    for module in (sse, websocket):
        monkeypatch.setattr(module, "hub", made)
    yield made
    made.close()
    made.wake()
    if made._thread:
        made._thread.join(5)


class Socket:
    """A handshake and what follows."""

    def __init__(self, path: str = PATH, *, query: str = "", headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self._says: asyncio.Queue[Any] = asyncio.Queue()
        self._heard: asyncio.Queue[Any] = asyncio.Queue()
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": query.encode(),
            "headers": [(b"host", b"testserver"), *headers],
            "subprotocols": [],
        }
        application = with_continuations(URLRouter(websocket_urlpatterns))
        self._task = asyncio.create_task(application(scope, self._says.get, self._heard.put))
        self._says.put_nowait({"type": "websocket.connect"})

    async def event(self) -> dict[str, Any]:
        return await asyncio.wait_for(self._heard.get(), SECONDS)

    async def opened(self) -> "Socket":
        assert (await self.event())["type"] == "websocket.accept"
        return self

    async def refused(self) -> None:
        assert (await self.event())["type"] == "websocket.close"
        await self._gone()

    async def frame(self) -> dict[str, Any]:
        event = await self.event()
        assert event["type"] == "websocket.send", event
        return json.loads(event["text"])

    def says(self, text: str | bytes) -> None:
        said = {"bytes": text, "text": None} if isinstance(text, bytes) else {"text": text}
        self._says.put_nowait({"type": "websocket.receive", **said})

    async def leave(self) -> None:
        await self._gone()

    async def _gone(self) -> None:
        self._says.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self._task, SECONDS)


def token_of(user_id: UUID, **more: Any) -> str:
    return f"token={callers.make_token(user_id, **more)}"


def play(scene) -> None:
    asyncio.run(asyncio.wait_for(scene(), 40))


async def post(model, **values):
    return await asyncio.to_thread(services.create, model, values, callers.INTERNAL)


def test_in_the_compatibility_form_the_frames_are_those_of_the_contract(live, compat):
    async def scene():
        socket = await Socket(headers=((b"cookie", b"sessionid=abc"), (b"origin", b"https://elsewhere"))).opened()
        connected = {"type": "connection_established", "message": f"Connected to notifications for user {ANA}"}
        assert await socket.frame() == connected
        message = await post(Message, sender_id=uuid4(), receiver_id=ANA, subject="Hé")
        told = await post(Notification, user_id=ANA, type="system", title="T", content=None)
        await post(Message, sender_id=ANA, receiver_id=uuid4())
        assert await socket.frame() == {
            "type": "message_created",
            "data": {
                "id": str(message.pk),
                "sender_id": str(message.sender_id),
                "receiver_id": str(ANA),
                "subject": "Hé",
                "created_at": message.created_at.isoformat(),
            },
        }
        frame = await socket.frame()
        assert frame["type"] == "notification_created"
        assert frame["data"]["created_at"].endswith("+00:00")
        assert list(frame["data"]) == ["id", "user_id", "type", "title", "content", "created_at"]
        assert frame["data"]["id"] == str(told.pk)
        socket.says('{"type": "ping"}')
        assert await socket.frame() == {"type": "echo", "data": {"type": "ping"}}
        await socket.leave()

    play(scene)


@pytest.mark.parametrize(
    "path",
    [
        f"/ws/notifications/{str(ANA).upper()}/",
        f"/ws/notifications/{ANA.hex}",
        f"/comm/ws/notifications/{ANA}",
        f"/comm/ws/notifications/{{{ANA}}}/",
    ],
)
def test_any_form_of_the_id_and_of_the_address_gets_the_events(live, path):
    async def scene():
        socket = await Socket(path, query=token_of(ANA)).opened()
        assert (await socket.frame())["message"].endswith(str(ANA))
        await post(Notification, user_id=ANA, type="push")
        assert (await socket.frame())["type"] == "notification_created"
        await socket.leave()

    play(scene)


@pytest.mark.parametrize("user_id", ["-", "abc", f"{ANA}0", "0", "%00"])
def test_what_is_no_user_id_is_refused(live, compat, user_id):
    async def scene():
        await Socket(f"/ws/notifications/{user_id}/").refused()

    play(scene)


@pytest.mark.parametrize(
    "query",
    ["", "token=", "token=abc", token_of(uuid4()), token_of(ANA, seconds=-60), "token=" + "x" * 5000, "a&" * 200],
    ids=["none", "empty", "invalid", "another user's", "expired", "long", "many"],
)
def test_in_the_secured_form_nobody_else_is_let_in(live, query):
    async def scene():
        await Socket(query=query).refused()

    play(scene)


def test_a_service_may_listen_for_anybody_and_a_header_may_hold_the_token(live):
    async def scene():
        token = callers.make_token(uuid4(), role=callers.SERVICE)
        socket = await Socket(headers=((b"authorization", f"Bearer {token}".encode()),)).opened()
        assert (await socket.frame())["type"] == "connection_established"
        await socket.leave()

    play(scene)


@pytest.mark.parametrize(
    "said",
    ["", "{", "NaN", '"\\ud800"', "[1e999]", "[" * 20_000, "9" * 5000, b"", b"\x00\xff"],
    ids=range(9),
)
def test_what_is_no_json_is_answered_and_the_socket_stays(live, compat, said):
    async def scene():
        socket = await Socket().opened()
        await socket.frame()
        socket.says(said)
        assert (await socket.frame())["type"] == "error"
        socket.says('["still", "here", "é"]')
        assert await socket.frame() == {"type": "echo", "data": ["still", "here", "é"]}
        await socket.leave()

    play(scene)


def test_who_sends_too_much_is_closed_with_a_code(live, compat):
    async def scene():
        socket = await Socket().opened()
        await socket.frame()
        socket.says('"' + "x" * 70_000 + '"')
        assert await socket.event() == {"type": "websocket.close", "code": 1009}
        await socket.leave()

    play(scene)


def test_a_socket_resumes_where_another_one_stopped(live):
    async def scene():
        token = token_of(ANA)
        first = await Socket(query=f"{token}&last_event_id=").opened()
        await first.frame()
        await post(Notification, user_id=ANA, type="push", title="One")
        seen = (await first.frame())["event_id"]
        await first.leave()
        for title in ("Two", "Three"):
            await post(Notification, user_id=ANA, type="push", title=title)
        second = await Socket(query=f"{token}&last_event_id={seen}").opened()
        assert (await second.frame())["type"] == "connection_established"
        assert [(await second.frame())["data"]["title"] for _ in range(2)] == ["Two", "Three"]
        await second.leave()
        third = await Socket(query=f"{token}&last_event_id=99999999").opened()
        assert [(await third.frame())["type"] for _ in range(2)] == ["connection_established", "reset"]
        await third.leave()

    play(scene)


def test_a_socket_ends_with_its_token(live, monkeypatch):
    monkeypatch.setattr("realtime.delivery.hub.SWEEP_SECONDS", 0.1)

    async def scene():
        socket = await Socket(query=token_of(ANA)).opened()
        await socket.frame()
        monkeypatch.setattr(listening, "clock", lambda: time.time() + callers.LIFETIME_SECONDS + 60)
        event = await socket.event()
        while event["type"] != "websocket.close":
            event = await socket.event()
        assert event["code"] == 4401
        await socket.leave()

    play(scene)


def answered_by(application, path, **headers):
    """Which of two applications gets a handshake."""
    got = []

    def named(name):
        async def serve(scope, receive, send):
            got.append(name)

        return serve

    scope = {"type": "websocket", "path": path, "query_string": b"", "headers": []}
    scope["headers"] = [(name.encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(application(named)(scope, None, None))
    return got


def test_the_offices_own_address_is_not_taken():
    def application(named):
        return by_address(websocket_urlpatterns, named("comm"), named("others"))

    assert answered_by(application, PATH) == ["comm"]
    for path in ("/ws/notifications/", "/ws/notifications", "/ws/notifications//", "/ws/projects/"):
        assert answered_by(application, path) == ["others"]


@pytest.mark.parametrize(
    ("origin", "by"),
    [(None, "let in"), ("http://testserver", "let in"), ("https://front.example", "let in"), ("https://x", "refused")],
)
def test_pages_of_other_origins_are_refused_in_the_secured_form(settings, origin, by):
    settings.ALLOWED_HOSTS, settings.HTTPS = ["testserver"], False
    settings.CORS_ALLOWED_ORIGINS = ["https://front.example"]

    def application(named):
        return with_allowed_origin_if_any(named("let in"), named("refused"))

    headers = {"host": "testserver"} | ({"origin": origin} if origin else {})
    assert answered_by(application, PATH, **headers) == [by]


def test_handshakes_are_counted_by_their_token_else_by_their_address():
    scope = {"path": PATH, "headers": [], "query_string": b"token=abc"}
    assert outsiders_key(scope) == "abc"
    assert outsiders_key({**scope, "query_string": b""}) == PATH
    assert outsiders_key({**scope, "headers": [(b"authorization", b"Bearer x")]}) == "Bearer x"
    assert outsiders_key({**scope, "query_string": b"a=1&" * 500}) == PATH
