"""The college's site on two servers, which share a database and Redis and nothing else: no session sticks to one."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support import http
from tests.support.college import College
from tests.support.named_stream import NamedStream
from tests.support.websocket import Socket

ENDED_SECONDS = 2.0
ROWS = [
    {"username": "uma", "first_name": "Uma", "college": 17},
    {"username": "vani", "first_name": "Vani", "college": 17},
    {"username": "xena", "first_name": "Xena", "user_type": "teacher", "college": 17},
    {"username": "yash", "first_name": "Yash", "college": 17},
    {"username": "zara", "first_name": "Zara", "college": 18},
]


class Colleges:
    """The two servers, and the people by user name."""

    def __init__(self, first: College, second: College, people: dict[str, dict[str, str]]) -> None:
        self.first, self.second = first, second
        self.people = people

    def id_of(self, name: str) -> str:
        return self.people[name]["id"]

    def post(self, server: College, name: str, path: str, body: Any = None) -> Any:
        """Post as this person, and return the answer's JSON."""
        headers = {"Authorization": f"Bearer {self.people[name]['token']}"}
        answer = http.post(f"{server.url}/api/v1/{path}", json=body or {}, headers=headers, timeout=30)
        assert answer.is_success, answer.text
        return answer.json()

    def send(self, server: College, sender: str, receiver: str, text: str) -> int:
        """Send a message, and return its id."""
        body = {"receiver_id": self.id_of(receiver), "message": text}
        return self.post(server, sender, "communication/chats/", body)["id"]


@pytest.fixture(scope="module")
def colleges(servers: tuple[College, College], folder: Path) -> Colleges:
    return Colleges(*servers, servers[0].people(ROWS, folder / "two_servers.json"))


@pytest.fixture
def stream(colleges: Colleges) -> Iterator[Callable[..., NamedStream]]:
    """``stream(server, name)``: the person's stream, which has begun."""
    with ExitStack() as stack:

        def opened(server: College, name: str, last_event_id: str | None = None) -> NamedStream:
            path = f"/api/v1/communication/sse/events/?token={colleges.people[name]['token']}"
            made = stack.enter_context(NamedStream(server.url + path, "", last_event_id=last_event_id))
            made.named("connected", user_id=colleges.id_of(name))
            return made

        yield opened


@pytest.fixture
def socket(colleges: Colleges) -> Iterator[Callable[[College, str, str], Socket]]:
    """``socket(server, path, name)``: the person's WebSocket of an old client."""
    with ExitStack() as stack:

        def opened(server: College, path: str, name: str) -> Socket:
            address = f"{server.url}{path}?token={colleges.people[name]['token']}"
            return stack.enter_context(Socket(address, joined=False))

        yield opened


def test_what_is_sent_on_one_server_is_received_on_the_other(colleges, stream, socket):
    to_vani, from_uma = stream(colleges.second, "vani"), stream(colleges.second, "uma")
    old = socket(colleges.second, "/ws/chat/", "vani")
    number = colleges.send(colleges.first, "uma", "vani", "Good morning")
    got = to_vani.named("message", id=number)
    assert (got["message"], got["sender_name"], got["receiver_id"]) == ("Good morning", "Uma", colleges.id_of("vani"))
    assert from_uma.named("message", id=number)["message"] == "Good morning"
    assert old.of_type("chat_message")["message"] == "Good morning"

    read = colleges.post(colleges.first, "vani", "communication/chats/mark-read/", {"message_ids": [number]})
    receipt = from_uma.named("read_receipt", message_id=number)
    assert (receipt["reader_id"], receipt["read_at"][:19]) == (colleges.id_of("vani"), read["read_at"][:19])


def test_a_socket_on_one_server_reaches_a_stream_on_the_other(colleges, stream, socket):
    to_uma = stream(colleges.first, "uma")
    of_vani = socket(colleges.second, "/ws/v2/chat/", "vani")
    of_vani.send({"type": "message", "receiver_id": colleges.id_of("uma"), "message": "Hello", "temp_id": "t1"})
    assert of_vani.of_type("message_sent")["temp_id"] == "t1"
    assert to_uma.named("message")["message"] == "Hello"
    of_vani.send({"type": "typing", "receiver_id": colleges.id_of("uma"), "is_typing": True})
    assert to_uma.named("typing", is_typing=True)["sender_id"] == colleges.id_of("vani")


def test_a_client_that_moves_to_the_other_server_misses_nothing(colleges, stream):
    before = stream(colleges.first, "vani")
    seen = colleges.send(colleges.second, "uma", "vani", "Seen")
    cursor = before.named("message", id=seen).event_id
    before.close()
    missed = colleges.send(colleges.first, "uma", "vani", "Missed")
    after = stream(colleges.second, "vani", last_event_id=cursor)
    first = after.named("message")
    assert (first["id"], first["message"]) == (missed, "Missed")


def test_a_notice_reaches_the_college_on_every_server(colleges, stream):
    streams = stream(colleges.first, "uma"), stream(colleges.second, "vani")
    stranger = stream(colleges.second, "zara")
    notice = {"title": "Holiday", "content": "-", "publish_date": "2026-12-01", "is_published": True}
    colleges.post(colleges.second, "xena", "communication/notices/", notice)
    for one in streams:
        assert one.named("notification", notification_type="notice")["message"] == "Holiday"
    colleges.first.manage("college_notify", "18", "--title", "Other", "--message", "For college 18")
    assert stranger.named("notification")["message"] == "For college 18"


def test_signing_out_on_one_server_ends_what_is_open_on_the_other(colleges, stream, socket):
    open_stream, open_socket = stream(colleges.second, "yash"), socket(colleges.second, "/ws/chat/", "yash")
    begun = time.monotonic()
    colleges.post(colleges.first, "yash", "auth/logout/")
    assert open_stream.named("disconnected").at - begun < ENDED_SECONDS
    assert open_stream.ended.wait(5)
    assert open_socket.closed_with() in range(4000, 5000)
    assert time.monotonic() - begun < ENDED_SECONDS + 1
