"""Floods of requests from many loopback addresses, sent on plain sockets, with the statuses of their responses."""

import contextlib
import itertools
import os
import secrets
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Self

from tests.support import http

from .nginx import Nginx
from .site import Site

SOURCES = [f"127.0.{1 + number // 200}.{1 + number % 200}" for number in range(400)]
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset, so that floods do not exhaust the local ports


def request(site: Site, target: str, *headers: str, body: str = "") -> bytes:
    """Return an HTTP/1.1 request, POST with a body and GET without, that asks to close the connection."""
    method = "POST" if body else "GET"
    more = ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"] if body else []
    lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{site.port}", "Connection: close", *headers, *more]
    return ("\r\n".join([*lines, "", ""]) + body).encode()


def handshake(site: Site, target: str, *headers: str) -> bytes:
    """Return a WebSocket handshake request."""
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: 127.0.0.1:{site.port}",
        f"Origin: {site.url}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *headers,
    ]
    return ("\r\n".join([*lines, "", ""])).encode()


def made_up_session() -> str:
    """Return a Cookie header with a well-formed but unknown session key."""
    return f"Cookie: sessionid={secrets.token_hex(16)}"


def sign_in_tries(site: Site) -> Callable[[], bytes]:
    """Return a function that makes sign-in requests with a wrong password, each for another account."""
    token = http.get(f"{site.url}/accounts/login/", timeout=15).cookies["csrftoken"]
    return lambda: request(
        site,
        "/accounts/login/",
        f"Cookie: csrftoken={token}",
        body=f"csrfmiddlewaretoken={token}&username=guess{os.urandom(4).hex()}&password=wrong",
    )


class Answer:
    """A response: the status (0: none came) and the headers."""

    def __init__(self, head: bytes) -> None:
        first, *lines = head.split(b"\r\n\r\n")[0].decode("latin1").split("\r\n")
        self.status = int(first.split()[1]) if first.startswith("HTTP/") else 0
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def ask(site: Site, data: bytes, source: str = "127.0.0.1", seconds: float = 15.0) -> Answer:
    """Send ``data`` from the address ``source`` and return the head of the response."""
    with contextlib.closing(connected(site, source, seconds)) as sock:
        sock.sendall(data)
        return Answer(_head(sock))


def connected(site: Site | Nginx, source: str, seconds: float = 15.0) -> socket.socket:
    """Return a connection from the address ``source``."""
    sock = socket.create_connection(("127.0.0.1", site.port), timeout=seconds, source_address=(source, 0))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    return sock


def _head(sock: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and (data := sock.recv(65536)):
        head += data
    return head


class Flood:
    """Within the block, ``workers`` threads send requests one after another, from changing source addresses."""

    def __init__(self, site: Site, make: Callable[[], bytes], sources: list[str], workers: int = 4) -> None:
        self.answers: Counter[int] = Counter()  # by status; 0: refused or broken off
        self._site, self._make = site, make
        self._sources: Iterator[str] = itertools.cycle(sources)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(workers)]

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                status = ask(self._site, self._make(), next(self._sources), 10).status
            except OSError:
                status = 0
                time.sleep(0.01)
            self.answers[status] += 1

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(20)


@contextlib.contextmanager
def half_requests(site: Site | Nginx, number: int, sources: list[str]) -> Iterator[list[socket.socket]]:
    """Within the block, ``number`` connections are open that have sent only a part of a request."""
    held = []
    try:
        for source in itertools.islice(itertools.cycle(sources), number):
            held.append(connected(site, source))
            held[-1].sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        yield held
    finally:
        for sock in held:
            sock.close()
