"""A thousand open streams on one Gunicorn, and the pages beside them."""

import json
import re
import resource
import selectors
import socket
import statistics
import time
from pathlib import Path
from typing import Self

import pytest

from projeng import inbox
from projeng.access import Role
from realtime.log import replay
from tests.support import http
from tests.support.people import person, session_cookie
from tests.support.ports import wait_until
from tests.support.site import Site

STREAMS = 1_000
PEOPLE = 10
EVENTS = 20
PAGES = 100
SOON = 0.3  # seconds within which 95 of 100 pages answer


class Crowd:
    """Many open streams, read by one selector: what each has received, as raw bytes."""

    def __init__(self, site: Site, cookies: list[str]) -> None:
        self._selector = selectors.DefaultSelector()
        self.received: dict[socket.socket, bytearray] = {}
        for cookie in cookies:
            sock = socket.create_connection(("127.0.0.1", site.port), timeout=15)
            sock.sendall(
                b"GET /projeng/api/realtime/events/?topics=notifications HTTP/1.1\r\n"
                b"Host: 127.0.0.1\r\nAccept: text/event-stream\r\nCookie: %s\r\n\r\n" % cookie.encode()
            )
            sock.setblocking(False)
            self._selector.register(sock, selectors.EVENT_READ)
            self.received[sock] = bytearray()

    def read(self, seconds: float = 0.0) -> None:
        """Take in whatever has come; wait at most so long for the first of it."""
        while ready := self._selector.select(seconds):
            seconds = 0.0
            for key, _ in ready:
                data = key.fileobj.recv(65536)
                assert data, f"A stream was closed: {bytes(self.received[key.fileobj][-300:])}"
                self.received[key.fileobj] += data

    def all_have(self, text: bytes, seconds: float) -> float:
        """Read until every stream has received ``text``; how long that took."""
        begun = time.monotonic()
        waiting = set(self.received)
        while waiting:
            self.read(0.2)
            waiting = {sock for sock in waiting if text not in self.received[sock]}
            took = time.monotonic() - begun
            assert took < seconds, f"{len(waiting)} of {len(self.received)} streams wait for {text!r}"
        return took

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for sock in self.received:
            sock.close()
        self._selector.close()


def pages(site: Site, crowd: Crowd) -> list[float]:
    """The seconds that each of many pages took, one after another; the streams are read meanwhile."""
    taken = []
    with http.Client(base_url=site.url) as browser:
        for _ in range(PAGES):
            begun = time.monotonic()
            assert browser.get("/accounts/login/", timeout=10).status_code == 200
            taken.append(time.monotonic() - begun)
            crowd.read()
    return taken


def p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


def memory(pids: list[int]) -> int:
    """Resident bytes of these processes."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids) * resource.getpagesize()


@pytest.fixture
def many_files():
    """Leave to hold a socket for each stream; processes that are started meanwhile inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8 * STREAMS)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.alone
@pytest.mark.timeout(150)
def test_a_thousand_streams_get_every_event_once_and_pages_answer_meanwhile(
    new_database, on_database, static_root, scratch, many_files
):
    url = new_database("sqlite")
    on_database(url)
    people = [person(Role.HEAD) for _ in range(PEOPLE)]
    cookies = [session_cookie(people[number % PEOPLE]) for number in range(STREAMS)]
    defaults = {"WEB_CONCURRENCY": "2", "SSE_HEARTBEAT_SECONDS": "15", "STATIC_ROOT": static_root}
    with Site(scratch / "site", url, "gunicorn", **defaults) as site:
        parent = site.process.pid
        workers = [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
        for _ in range(40):  # both workers have answered, and loaded what pages need
            assert http.get(f"{site.url}/accounts/login/", timeout=10).status_code == 200
        before = memory(workers)
        with Crowd(site, cookies) as crowd:
            opening = crowd.all_have(b"\ndata: ", 40)
            per_stream = (memory(workers) - before) / STREAMS
            idle = pages(site, crowd)

            messages = [f"message {number} of {EVENTS}" for number in range(EVENTS)]
            busy, delivery = [], []
            with http.Client(base_url=site.url) as browser:
                for number, message in enumerate(messages, 1):
                    inbox.send(people, message)
                    for _ in range(PAGES // EVENTS):
                        begun = time.monotonic()
                        assert browser.get("/accounts/login/", timeout=10).status_code == 200
                        busy.append(time.monotonic() - begun)
                        crowd.read()
                    if number % 5 == 0:
                        delivery.append(crowd.all_have(f'"message":"{message}"'.encode(), 20))

            print(  # noqa: T201
                f"{STREAMS} streams opened in {opening:.1f} s, {per_stream / 1024:.0f} KB each; pages p95 "
                f"{p95(idle) * 1000:.0f} ms idle, {p95(busy) * 1000:.0f} ms busy (slowest {max(idle + busy):.2f} s); "
                f"an event reached all within {max(delivery):.2f} s"
            )
            for received in crowd.received.values():
                body = re.sub(rb"\r\n[0-9a-f]+\r\n", b"", bytes(received))
                frames = [json.loads(line[6:]) for line in body.split(b"\n") if line.startswith(b"data: {")]
                assert [frame["message"] for frame in frames if "id" in frame] == messages
                ids = [frame["id"] for frame in frames if "id" in frame]
                assert ids == sorted(set(ids))
            assert max(ids) <= replay.head()
            assert p95(idle) < SOON
            assert p95(busy) < SOON
            assert per_stream < 300 * 1024
        wait_until(site.healthy, "the site answers after they have all left")
