"""The events of a user from outside, under Daphne: the same ids in the same order by WebSocket and by SSE."""

import json
import queue
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from comm_service import callers
from tests.support.site import Site

SECONDS = 15.0
SECRET = "only-for-the-tests-of-the-communication-api-0123456789"


@pytest.fixture(scope="module")
def site(tmp_path_factory, new_database) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("comm")
    environment = {"SERVICE": "comm", "COMM_ENABLED": "true", "JWT_SECRET_KEY": SECRET}
    with Site(folder, new_database("postgres"), "daphne", **environment) as running:
        yield running


@pytest.fixture
def user() -> str:
    return str(uuid4())


def bearer(user_id: Any, role: str = "") -> str:
    return callers.make_token(user_id, role=role)


class Listener:
    """What comes by one transport, read by a thread. ``next()`` is the next frame's id and JSON."""

    def __init__(self) -> None:
        self._frames: queue.Queue[tuple[int | None, dict[str, Any]]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        raise NotImplementedError

    def next(self) -> tuple[int | None, dict[str, Any]]:
        return self._frames.get(timeout=SECONDS)

    def several(self, number: int) -> list[tuple[int | None, dict[str, Any]]]:
        return [self.next() for _ in range(number)]


class Socket(Listener):
    def __init__(self, site: Site, user: str, cursor: int | str = "", path: str = "/ws/notifications/") -> None:
        query = f"token={bearer(user)}&last_event_id={cursor}"
        opening = connect(
            f"ws{site.url.removeprefix('http')}{path}{user}/?{query}",
            additional_headers={"Cookie": "sessionid=" + "a" * 32},
            open_timeout=SECONDS,
            proxy=None,
        )
        self._socket = opening.__enter__()  # without a block, since the socket lives as long as this object
        super().__init__()

    def _read(self) -> None:
        try:
            for text in self._socket:
                frame = json.loads(text)
                self._frames.put((frame.pop("event_id", None), frame))
        except ConnectionClosed:
            return

    def close(self) -> None:
        self._socket.close()


class Stream(Listener):
    def __init__(self, site: Site, user: str, cursor: int | str = "") -> None:
        self._client = httpx.Client(timeout=httpx.Timeout(SECONDS, read=60))
        headers = {"Last-Event-ID": str(cursor)} if cursor else {}
        query = {"token": bearer(user)}
        request = self._client.build_request("GET", f"{site.url}/comm/events/{user}/", params=query, headers=headers)
        self.response = self._client.send(request, stream=True)
        assert self.response.status_code == 200
        super().__init__()

    def _read(self) -> None:
        number, name = None, None
        try:
            for line in self.response.iter_lines():
                field, _, value = line.partition(": ")
                if field == "id":
                    number = int(value)
                elif field == "event":
                    name = value
                elif field == "data":
                    frame = json.loads(value)
                    assert frame["type"] == name
                    self._frames.put((None if name == "connection_established" else number, frame))
        except (httpx.TransportError, httpx.StreamError):
            return

    def close(self) -> None:
        self.response.close()
        self._client.close()


def post(site: Site, path: str, **body: Any) -> None:
    headers = {"Authorization": f"Bearer {bearer(uuid4(), callers.SERVICE)}"}
    response = httpx.post(f"{site.url}/comm/api/{path}/", json=body, headers=headers, timeout=SECONDS)
    assert response.status_code == 201, response.text


def tell(site: Site, user: str, *titles: str) -> None:
    for title in titles:
        if title.startswith("Message"):
            post(site, "messages", sender_id=str(uuid4()), receiver_id=user, subject=title)
        else:
            post(site, "notifications", user_id=user, type="system", title=title)


def titles(frames: list[tuple[int | None, dict[str, Any]]]) -> list[str]:
    return [frame["data"].get("title") or frame["data"]["subject"] for _, frame in frames]


@pytest.mark.servers
def test_both_transports_bring_the_same_and_catch_up_on_what_was_missed(site, user):
    socket, stream = Socket(site, user), Stream(site, user)
    for one in (socket, stream):
        assert one.next() == (
            None,
            {"type": "connection_established", "message": f"Connected to notifications for user {user}"},
        )
    tell(site, str(uuid4()), "Of somebody else")
    tell(site, user, "One", "Message two")
    by_socket, by_stream = socket.several(2), stream.several(2)
    assert by_socket == by_stream
    assert titles(by_socket) == ["One", "Message two"]
    assert [frame["type"] for _, frame in by_socket] == ["notification_created", "message_created"]
    for frames in (by_socket, by_stream):  # in the order of the contract, which no comparison of objects looks at
        assert [list(frame["data"]) for _, frame in frames] == [
            ["id", "user_id", "type", "title", "content", "created_at"],
            ["id", "sender_id", "receiver_id", "subject", "created_at"],
        ]
    socket.close()
    stream.close()
    tell(site, user, "Three", "Message four", "Five")
    seen = by_socket[-1][0]
    # Each goes on where the other one stopped.
    again = Socket(site, user, seen, path="/comm/ws/notifications/"), Stream(site, user, seen)
    missed = []
    for one in again:
        assert one.next()[1]["type"] == "connection_established"
        missed.append(one.several(3))
        one.close()
    assert missed[0] == missed[1]
    assert titles(missed[0]) == ["Three", "Message four", "Five"]


@pytest.mark.servers
def test_whoever_is_not_let_in_is_refused_before_anything_is_accepted(site, user):
    address = f"ws{site.url.removeprefix('http')}/ws/notifications/{user}/"
    for query in ("", f"?token={bearer(uuid4())}"):
        with pytest.raises(InvalidStatus) as refused, connect(f"{address}{query}", open_timeout=SECONDS, proxy=None):
            pass
        assert refused.value.response.status_code == 403
    elsewhere = {"origin": "https://x.example", "open_timeout": SECONDS, "proxy": None}
    with pytest.raises(InvalidStatus), connect(f"{address}?token={bearer(user)}", **elsewhere):
        pass
    stream = f"{site.url}/comm/events/{user}/"
    assert httpx.get(stream, timeout=SECONDS).json() == {
        "error": "Authorization header required",
        "code": "NO_TOKEN",
    }
    assert httpx.get(stream, params={"token": bearer(uuid4())}, timeout=SECONDS).status_code == 403
    assert httpx.get(f"{site.url}/comm/events/abc/", timeout=SECONDS).status_code == 404
    assert httpx.post(stream, timeout=SECONDS).status_code == 405
