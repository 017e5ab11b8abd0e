"""A door for other clients: who is let in by what they present, the shape of what they get, and what ends it."""

import asyncio
import json
import time
from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.middleware.gzip import GZipMiddleware
from django.test import RequestFactory

from projeng.access import ALL_PROJECTS, Role
from projeng.events import PROJECTS, ProjectsChanged
from realtime.access import credentials, tickets
from realtime.access.credentials import register_credential
from realtime.access.identity import Identity, of_key
from realtime.delivery.hub import Hub
from realtime.delivery.subscriber import Subscription
from realtime.integration.signals import credential_ended
from realtime.log.publish import publish
from realtime.transports import admission, rate_limits, sse, websocket
from realtime.transports.adapters import Adapter, NamedFrame
from realtime.transports.admission import Refused, admit
from realtime.transports.continuation import with_continuations
from realtime.transports.door import Door
from realtime.transports.presented import TOKEN, Presented, of_scope, presented
from realtime.transports.rate_limits import RateLimits
from tests.support.people import person, session_cookie

SECONDS = 2.0  # within which the end of a credential ends a stream


class Names(Adapter):
    heartbeat_seconds = 20.0

    def opening(self, user_id):
        return [NamedFrame("connected", {})]

    def event(self, frame, scope):
        return [NamedFrame("changed", {"summary": frame.fields["summary"]})]

    def ending(self, reason):
        return [NamedFrame("disconnected", {"reason": reason})]


def refused(status: int, message: str, **headers: str) -> JsonResponse:
    return JsonResponse({"error": message}, status=status, headers=headers)


DOOR = Door("names", Names(), most=2, refuse=refused)
SUBSCRIPTION = Subscription(frozenset({PROJECTS}))


def view(request: HttpRequest) -> HttpResponseBase:
    try:
        identity = admit(request)
    except Refused as error:
        return refused(error.status, error.message)
    return sse.event_stream(request, SUBSCRIPTION, identity, DOOR)


class Socket(websocket.SubscriberConsumer):
    door = DOOR

    def subscription(self, query):
        return SUBSCRIPTION


@pytest.fixture
def tokens(monkeypatch) -> dict[str, int]:
    """The tokens that there are, and whose."""
    known: dict[str, int] = {}
    monkeypatch.setattr(credentials, "_kinds", dict(credentials._kinds))

    def owner(key: str) -> User | None:
        return User.objects.filter(pk=known.get(key), is_active=True).first()

    register_credential(TOKEN, lambda keys: known.keys() & set(keys), owner)
    return known


@pytest.fixture
def hub(new_database, on_database, monkeypatch, settings) -> Iterator[Hub]:
    on_database(new_database("sqlite"))
    settings.USE_DAPHNE = True
    made = Hub()
    for door in (sse, websocket):
        monkeypatch.setattr(door, "hub", made)
    monkeypatch.setattr(admission, "limits", RateLimits(1000, 1000))
    yield made
    made.close()
    made.wake()
    if made._thread:
        made._thread.join(5)
    if made.reader._pool is not None:
        made.reader._pool.shutdown()


@pytest.fixture
def head(hub, tokens) -> User:
    head = person(Role.HEAD)
    tokens["secret"] = head.pk
    return head


def ask(path: str = "/?token=secret", **headers: str) -> HttpRequest:
    request = RequestFactory().get(path, headers=headers)
    request.user = AnonymousUser()
    return request


def announce(summary: str) -> None:
    with transaction.atomic():
        event = ProjectsChanged(source="1", created=0, updated=1, summary=summary, actor="a")
        publish((event, [ALL_PROJECTS]))


class Stream:
    """A stream under WSGI, read write by write."""

    def __init__(self, response: HttpResponseBase) -> None:
        assert response.status_code == 200, response.content
        self.response = response
        self._writes = iter(response.streaming_content)
        self.opening = next(self._writes).decode()

    def next(self) -> str:
        return next(self._writes, b"").decode()

    def close(self) -> None:
        self.response.close()


# --- what is presented ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "header", "cookie", "found"),
    [
        ({"token": "k"}, "Token other", "s", ("token", "k")),
        ({"token": "Bearer k"}, "", "", ("token", "k")),
        ({"token": ""}, "Token k", "s", ("token", "k")),
        ({}, "Bearer k", "s", ("token", "k")),
        ({}, "bearer  k", "", ("token", "k")),
        ({}, "Token", "s", ("token", "")),
        ({"ticket": "t"}, "", "s", ("ticket", "t")),
        ({"ticket": "t"}, "Token k", "", ("token", "k")),
        ({}, "", "s", ("session", "s")),
        ({}, "Basic abc", "s", ("session", "s")),
        ({"token": "a\0b"}, "", "s", ("token", "")),
        ({"token": "é"}, "", "s", ("token", "")),
        ({"ticket": "x" * 300}, "", "s", ("ticket", "")),
        ({}, "", "", None),
    ],
)
def test_the_query_comes_before_the_header_and_both_before_the_session(query, header, cookie, found):
    cookies = {django_settings.SESSION_COOKIE_NAME: cookie} if cookie else {}
    assert presented(query, header, cookies) == (found and Presented(*found))


def test_a_handshake_presents_the_same():
    scope = {"query_string": b"token=a&token=k%20", "headers": [(b"authorization", b"Token h")]}
    assert of_scope(scope) == Presented("token", "k")
    assert of_scope({**scope, "query_string": b"token="}) == Presented("token", "h")


# --- who is let in ----------------------------------------------------------------------------------------------


def test_a_token_lets_its_owner_in(head):
    assert admit(ask()).user == head
    assert admit(ask("/", authorization="Bearer secret")).credential.key == "secret"


@pytest.mark.parametrize("path", ["/", "/?token=invented", "/?ticket=invented", "/?token=%00"])
def test_who_presents_nothing_that_is_valid_is_refused(head, path):
    with pytest.raises(Refused) as refusal:
        admit(ask(path))
    assert refusal.value.status == 401


def test_a_wrong_token_is_not_made_good_by_a_session(head):
    request = ask("/?token=invented")
    request.user = head
    with pytest.raises(Refused):
        admit(request)


def test_invented_tokens_are_limited_by_address(head, monkeypatch):
    monkeypatch.setattr(admission, "limits", RateLimits(2, 3))
    found = []
    for number in range(5):
        with pytest.raises(Refused) as refusal:
            admit(ask(f"/?token=invented{number}"))
        found.append(refusal.value.status)
    assert found == [401, 401, 401, 429, 429]


def test_a_stream_is_let_in_by_a_ticket_once_and_ends_with_its_token(head, hub, tokens):
    ticket = tickets.issue(of_key(TOKEN, "secret"))
    stream = Stream(view(ask(f"/?ticket={ticket}")))
    assert view(ask(f"/?ticket={ticket}")).status_code == 401
    del tokens["secret"]
    credential_ended(TOKEN, "secret")
    began = time.monotonic()
    assert "event: disconnected" in stream.next()
    assert time.monotonic() - began < SECONDS
    stream.close()


# --- streams ----------------------------------------------------------------------------------------------------


def test_a_stream_speaks_the_doors_shape_and_is_resumed_by_id(head):
    stream = Stream(view(ask()))
    assert "event: connected" in stream.opening
    announce("first")
    said = stream.next()
    assert 'event: changed\ndata: {"summary":"first"}' in said
    number = said.partition("id: ")[2].partition("\n")[0]
    stream.close()
    announce("second")
    again = Stream(view(ask(f"/?token=secret&last_event_id={number}")))
    assert '{"summary":"second"}' in again.opening + again.next()
    assert "first" not in again.opening
    again.close()


def test_a_stream_is_not_compressed_and_has_no_headers_of_a_hop(head):
    response = GZipMiddleware(view)(ask(**{"accept-encoding": "gzip"}))
    assert "Content-Encoding" not in response.headers
    assert not {"Connection", "Keep-Alive", "Transfer-Encoding"} & set(response.headers)
    assert response["Cache-Control"] == "no-cache"
    response.close()


def test_refusals_have_the_doors_shape(head, settings):
    settings.SSE_ENABLED = False
    response = view(ask())
    assert response.status_code == 503
    assert response["Retry-After"]
    assert list(json.loads(response.content)) == ["error"]


def test_one_connection_too_many_ends_the_oldest(head, hub):
    streams = [Stream(view(ask())) for _ in range(3)]
    assert "replaced" in streams[0].next()
    assert streams[0].next() == ""
    announce("still there")
    for stream in streams[1:]:
        assert "still there" in stream.next()
    for stream in streams:
        stream.close()
    assert hub.subscribers() == 0


def test_the_connections_of_others_and_of_other_doors_do_not_count(head, hub, tokens):
    other = person(Role.HEAD)
    tokens["other"] = other.pk
    elsewhere = sse.event_stream(ask(), SUBSCRIPTION, admit(ask()), Door("elsewhere", Names()))
    streams = [Stream(elsewhere), *(Stream(view(ask(f"/?token={key}"))) for key in ("other", "secret", "secret"))]
    announce("for all")
    for stream in streams:
        assert "for all" in stream.next()
        stream.close()


ENDINGS = pytest.mark.parametrize(
    "end",
    [
        lambda user, tokens: tokens.clear() or credential_ended(TOKEN, "secret"),
        lambda user, tokens: setattr(user, "is_active", False) or user.save(),
    ],
    ids=["token deleted", "account disabled"],
)


@ENDINGS
def test_what_ends_the_authority_ends_a_stream_within_two_seconds(head, tokens, end):
    stream = Stream(view(ask()))
    began = time.monotonic()
    end(head, tokens)
    assert 'event: disconnected\ndata: {"reason":"signed out"}' in stream.next()
    assert stream.next() == ""
    assert time.monotonic() - began < SECONDS
    stream.close()


def test_a_token_that_ended_without_a_word_is_found_by_the_sweep(head, hub, tokens):
    stream = Stream(view(ask()))
    tokens.clear()
    hub._sweep()
    assert "event: disconnected" in stream.next()
    stream.close()


# --- under ASGI: streams, and sockets ---------------------------------------------------------------------------


class Client:
    """A client at the ASGI interface."""

    def __init__(self, kind: str) -> None:
        self.says: asyncio.Queue = asyncio.Queue()
        self.heard: asyncio.Queue = asyncio.Queue()
        scope = {"type": "websocket", "query_string": b"token=secret", "headers": [], "subprotocols": []}
        application = with_continuations(Socket.as_asgi()) if kind == "websocket" else stream_application()
        self.task = asyncio.create_task(application(scope, self.says.get, self.heard.put))
        self.says.put_nowait({"type": "websocket.connect" if kind == "websocket" else "http.request"})

    async def next(self) -> str:
        """The next text that it is sent, or the code with which its socket is closed."""
        while True:
            message = await asyncio.wait_for(self.heard.get(), 5)
            if message["type"] == "websocket.close":
                return str(message["code"])
            text = message.get("text") or message.get("body", b"").decode()
            if text or message["type"] == "http.response.body":
                return text

    async def leave(self, kind: str) -> None:
        self.says.put_nowait({"type": f"{'websocket' if kind == 'websocket' else 'http'}.disconnect", "code": 1000})
        await asyncio.wait_for(self.task, 5)


def stream_application():
    async def serve(scope, receive, send) -> None:
        from django.core.handlers.asgi import ASGIRequest

        scope = {**scope, "type": "http", "method": "GET", "path": "/"}

        def decide(scope) -> None:
            request = ASGIRequest(scope, None)
            request.user = AnonymousUser()
            assert view(request).status_code == 200

        async def application(scope, receive, send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await asyncio.to_thread(decide, scope)

        await with_continuations(application)(scope, receive, send)

    return serve


@ENDINGS
@pytest.mark.parametrize("kind", ["websocket", "sse"])
def test_in_an_event_loop_both_doors_speak_the_shape_and_end_within_two_seconds(head, tokens, kind, end):
    async def scene() -> tuple[list[str], float]:
        client = Client(kind)
        heard = [await client.next()]
        await asyncio.to_thread(announce, "news")
        heard.append(await client.next())
        began = time.monotonic()
        await asyncio.to_thread(end, head, tokens)
        heard += [await client.next(), await client.next()]
        seconds = time.monotonic() - began
        await client.leave(kind)
        return heard, seconds

    heard, seconds = asyncio.run(scene())
    if kind == "websocket":
        assert [json.loads(text)["type"] for text in heard[:3]] == ["connected", "changed", "disconnected"]
        assert heard[3] == str(websocket.Close.SIGNED_OUT)
    else:
        for name, said in zip(["connected", "changed", "disconnected"], heard, strict=False):
            assert f"event: {name}\n" in said
        assert heard[3] == ""
    assert seconds < SECONDS


def test_a_handshake_with_a_wrong_token_is_refused(head, monkeypatch, tokens):
    tokens.clear()

    async def scene() -> dict:
        client = Client("websocket")
        first = await asyncio.wait_for(client.heard.get(), 5)
        await client.leave("websocket")
        return first

    assert asyncio.run(scene()) == {"type": "websocket.close"}


def test_handshakes_are_limited_by_what_they_present(monkeypatch):
    monkeypatch.setattr(rate_limits, "limits", RateLimits(2, 1))
    heard: list[dict] = []

    async def application(scope, receive, send) -> None:
        heard.append({"type": "let in"})

    async def send(message) -> None:
        heard.append(message)

    async def scene() -> None:
        limited = rate_limits.limited_handshakes(application, lambda scope: scope["key"])
        for key in ("", "invented", "another"):
            await limited({"key": key, "client": ["1.2.3.4", 1], "headers": []}, None, send)

    asyncio.run(scene())
    assert heard == [{"type": "websocket.close"}, {"type": "let in"}, {"type": "websocket.close"}]


def test_a_session_opens_a_door_too(head):
    request = ask("/")
    request.COOKIES[django_settings.SESSION_COOKIE_NAME] = session_cookie(head).partition("=")[2]
    request.user = head
    request.session = type("Session", (), {"session_key": "key of it"})()
    identity = admit(request)
    assert isinstance(identity, Identity)
    assert identity.credential.auth_hash == head.get_session_auth_hash()
