"""The chat from outside, on the college's site (people with UUIDs), under Daphne and under Gunicorn."""

import json
import queue
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.messaging.chat.streams import Named, frames_of
from tests.support.college import College
from tests.support.made_once import made_once
from tests.support.ports import wait_until

CHAT = "/api/v1/communication/"
SECONDS = 10.0  # on a busy machine
PEOPLE = [
    {"username": "asha", "first_name": "Asha", "last_name": "Rao", "college": 7, "token": "a" * 40},
    {"username": "bala", "first_name": "Bala", "college": 7, "token": "b" * 40},
    {"username": "chitra", "college": 8, "token": "c" * 40},
    {"username": "divya", "college": 7, "token": "d" * 40},
    {"username": "eshan", "college": 7, "token": "e" * 40},
]
TWO = {"daphne": "true", "gunicorn": "false"}


class Running:
    """A running site with its people: ``ids`` and ``keys`` by user name."""

    def __init__(self, site: College, made: dict[str, dict[str, str]]) -> None:
        self.site = site
        self.ids = {name: one["id"] for name, one in made.items()}
        self.keys = {name: one["token"] for name, one in made.items()}
        self._open: list[Stream] = []

    def ask(self, method: str, path: str, name: str, **more: Any) -> httpx.Response:
        """A request with the person's token."""
        headers = {"Authorization": f"Bearer {self.keys[name]}", **more.pop("headers", {})}
        return httpx.request(method, f"{self.site.url}{path}", headers=headers, timeout=SECONDS, **more)

    def send(self, sender: str, receiver: str, text: str) -> dict[str, Any]:
        answer = self.ask("POST", f"{CHAT}chats/", sender, json={"receiver_id": self.ids[receiver], "message": text})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def stream(self, name: str) -> "Stream":
        made = Stream(f"{self.site.url}{CHAT}sse/events/", self.keys[name])
        self._open.append(made)
        assert made.next("connected")["user_id"] == self.ids[name]
        return made

    def close_streams(self) -> None:
        while self._open:
            self._open.pop().close()


class Stream:
    """A stream that a thread reads as it comes."""

    def __init__(self, url: str, key: str) -> None:
        self._frames: queue.Queue[Named | None] = queue.Queue()
        self._client = httpx.Client(timeout=httpx.Timeout(SECONDS, read=60))
        request = self._client.build_request("GET", url, params={"token": key}, headers={"Accept-Encoding": "gzip"})
        self.response = self._client.send(request, stream=True)
        self.ended_cleanly = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        rest = ""
        try:
            for text in self.response.iter_text():
                whole, _, rest = (rest + text).rpartition("\n\n")
                for frame in frames_of(whole):
                    self._frames.put(frame)
            self.ended_cleanly = True
        except (httpx.HTTPError, OSError):
            pass
        self._frames.put(None)

    def frame(self) -> Named | None:
        return self._frames.get(timeout=SECONDS)

    def next(self, name: str) -> dict[str, Any]:
        """The data of the next frame with this name; heartbeats and presence are passed over."""
        while (frame := self.frame()) is not None:
            if frame.name == name:
                return frame.data
            assert frame.name in {"heartbeat", "presence", "delivery_receipt"}, frame
        raise AssertionError(f"the stream ended before {name}")

    def close(self) -> None:
        self.response.close()
        self._client.close()


@pytest.fixture(scope="module")
def prepared() -> Path:
    """A folder with a college's database, its people, and its static files."""

    def make(folder: Path) -> None:
        site = College(folder)
        site.manage("prepare")
        (folder / "made.json").write_text(json.dumps(site.people(PEOPLE, folder / "people.json")))

    return made_once("college", make)


@pytest.fixture(scope="module", params=TWO)
def running(request: pytest.FixtureRequest, prepared: Path, tmp_path_factory: Any) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp(request.param)
    shutil.copy(prepared / "college.sqlite3", folder)
    environment = {
        "USE_DAPHNE": TWO[request.param],
        "WEB_THREADS": "4",
        "SKIP_MIGRATE": "true",
        "STATIC_ROOT": str(prepared / "static"),
        "GUNICORN_CMD_ARGS": "--access-logfile -",
    }
    with College(folder, **environment) as site:
        yield Running(site, json.loads((prepared / "made.json").read_text()))


@pytest.fixture
def daphne(running: Running) -> Running:
    if running.site.environment["USE_DAPHNE"] != "true":
        pytest.skip("Gunicorn speaks no WebSocket here")
    return running


@pytest.fixture(autouse=True)
def _streams_are_closed(running: Running) -> Iterator[None]:
    yield
    running.close_streams()


def test_fault_1_2_3_and_4_a_message_reaches_a_stream_at_once_with_real_ids(running):
    stream = running.stream("bala")
    assert "content-encoding" not in stream.response.headers
    sent = running.send("asha", "bala", "Good morning")
    began = time.monotonic()
    got = stream.next("message")
    assert time.monotonic() - began < 2
    assert got["id"] == sent["id"]
    assert (got["sender_id"], got["receiver_id"]) == (running.ids["asha"], running.ids["bala"])

    def online() -> list[str]:
        return running.ask("GET", f"{CHAT}chats/online-users/", "asha").json()["online_users"]

    wait_until(lambda: running.ids["bala"] in online(), "the receiver is online")


def test_fault_4_the_stream_for_tries_comes_frame_by_frame(running):
    with httpx.stream("GET", f"{running.site.url}{CHAT}sse/test/", timeout=SECONDS) as response:
        began, arrived = time.monotonic(), []
        for text in response.iter_text():
            arrived += [time.monotonic() - began] * len(list(frames_of(text)))
    assert len(arrived) == 6
    assert arrived[0] < 2
    assert arrived[-1] - arrived[0] > 3


def test_fault_5_and_6_streams_leave_room_for_everything_else(running):
    streams = [running.stream(name) for name in ("asha", "bala", "chitra") for _ in range(10)]
    began = time.monotonic()
    assert running.ask("GET", f"{CHAT}chats/conversations/", "asha").status_code == 200
    assert time.monotonic() - began < 5
    eleventh = running.stream("asha")
    assert streams[0].next("disconnected") == {"status": "disconnected"}
    running.send("divya", "asha", "Still there")
    assert eleventh.next("message")["message"] == "Still there"


def test_fault_16_signing_out_ends_the_stream(running):
    stream = running.stream("eshan")
    began = time.monotonic()
    assert running.ask("POST", "/api/v1/auth/logout/", "eshan").status_code == 200
    stream.next("disconnected")
    assert time.monotonic() - began < 4
    assert running.ask("GET", f"{CHAT}sse/events/", "eshan").status_code == 401


def test_fault_39_another_college_is_out_of_reach(running):
    answer = running.ask("POST", f"{CHAT}chats/", "asha", json={"receiver_id": running.ids["chitra"], "message": "Hi"})
    assert (answer.status_code, answer.json()) == (404, {"error": "Receiver not found"})
    for path in ("not-a-uuid", running.ids["chitra"]):
        answer = running.ask("GET", f"{CHAT}chats/conversation/{path}/", "asha")
        assert (answer.status_code, answer.json()) == (404, {"error": "User not found"})
    answer = running.ask("GET", f"{CHAT}chats/", "asha", params={"sender": "xx"})
    assert (answer.status_code, answer.json()) == (400, {"sender": ["“xx” is not a valid UUID."]})


def test_fault_46_a_poll_waits_for_the_message(running):
    found: list[dict[str, Any]] = []

    def poll() -> None:
        url, deadline = f"{running.site.url}{CHAT}poll/events/", time.monotonic() + SECONDS
        while not any(one["event"] == "message" for one in found) and time.monotonic() < deadline:
            # A poll also ends with what is no message, such as who is online.
            found.extend(httpx.get(url, params={"token": running.keys["divya"]}, timeout=SECONDS).json()["events"])

    def online() -> bool:
        return running.ids["divya"] in running.ask("GET", f"{CHAT}chats/online-users/", "asha").json()["online_users"]

    poller = threading.Thread(target=poll)
    poller.start()
    wait_until(online, "the poll is under way", SECONDS)
    sent = running.send("asha", "divya", "To the poll")
    poller.join(2 * SECONDS)
    [event] = [one for one in found if one["event"] == "message"]
    assert event["data"]["id"] == sent["id"]


def test_fault_45_both_generations_of_sockets(daphne):
    base = daphne.site.url.replace("http", "ws")
    with (
        connect(f"{base}/ws/chat/?token={daphne.keys['asha']}", ping_interval=None) as first,
        connect(f"{base}/ws/v2/chat/", additional_headers={"Authorization": f"Token {daphne.keys['bala']}"}) as second,
    ):
        assert json.loads(second.recv(SECONDS))["type"] == "connection"
        first.send(json.dumps({"receiver_id": daphne.ids["bala"], "message": "From the first"}))
        assert json.loads(first.recv(SECONDS))["type"] == "message_sent"
        while (got := json.loads(second.recv(SECONDS)))["type"] != "message":
            pass
        assert got["message"] == "From the first"
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{base}/ws/chat/?token=invented")
    assert refused.value.response.status_code == 403
    with connect(f"{base}/ws/v2/chat/?token=invented") as second, pytest.raises(ConnectionClosed) as closed:
        second.recv(SECONDS)
    assert closed.value.rcvd.code == 4001


def test_fault_47_no_token_is_in_the_log(running):
    running.stream("bala")
    running.ask("GET", f"{CHAT}poll/test/?token={running.keys['bala']}", "bala")
    if running.site.environment["USE_DAPHNE"] == "false":
        wait_until(lambda: "poll/test/?token=…" in running.site.log.read_text(), "the request is in the log")
    text = running.site.log.read_text()
    assert not [key for key in running.keys.values() if key in text]


def test_fault_17_a_server_that_stops_ends_its_streams_with_a_word(running):
    stream = running.stream("bala")
    running.site.terminate()
    assert stream.next("disconnected") == {"status": "disconnected"}
    assert stream.frame() is None
    assert stream.ended_cleanly
    running.site.start()  # for the other tests
