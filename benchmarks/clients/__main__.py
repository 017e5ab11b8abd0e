"""The clients' process: one epoll loop. Commands are JSON lines on stdin, with a response to each on stdout.

``open``: connect a number of clients. ``begin``: reset the counts, optionally recording arrival times. ``wait``: wait
for a number of events, or until none arrive. ``delays``: the delays of the events. ``write``: let people write
messages, and wait for them. ``finish``: wait until all of them have been answered. ``close``: disconnect all clients.
"""

import contextlib
import json
import os
import resource
import select
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

from .connection import KINDS, Connection, Refused
from .posting import Posts

AT_ONCE = 20  # concurrent handshakes: below every server's backlog, so that no SYN is dropped and repeated
TRIES = 3  # attempts of one client: a browser would reconnect as well
BUFFER = 256 * 1024
REST = 0.003  # seconds between two polls while events are only counted, so that one read returns many small frames


class Clients:
    """All clients, and the events that they received."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._buffer = bytearray(BUFFER)
        self._by_fd: dict[int, Connection] = {}
        self._all: list[Connection] = []
        self._found = 0
        self._last = 0.0
        self._ended = 0
        self._reason = ""
        self._timed = False
        self._by_number: dict[int, Connection] = {}
        self._posts: Posts | None = None
        self._written = 0

    # --- commands -----------------------------------------------------------------------------------------------

    def open(
        self, kind: str, host: str, port: int, path: str, cookies: list[str], count: int, limit: float
    ) -> dict[str, Any]:
        """Open ``count`` clients, each with the next cookie, and return the seconds that it took.

        ``{number}`` in the path stands for the number of the client, from 1 on.
        """
        begun, before = time.monotonic(), len(self._all)
        self._kind, self._address = KINDS[kind], (host, port)
        self._ended, self._reason = 0, ""
        waiting = list(range(count))
        tried = [0] * count
        under_way: list[tuple[int, Connection]] = []
        while time.monotonic() - begun < limit:
            refused = [number for number, one in under_way if not one.open and one.socket.fileno() < 0]
            waiting += [number for number in refused if tried[number] < TRIES]
            under_way = [(number, one) for number, one in under_way if not one.open and one.socket.fileno() >= 0]
            while waiting and len(under_way) < AT_ONCE:
                number = waiting.pop()
                tried[number] += 1
                cookie = cookies[number % len(cookies)] if cookies else ""
                self._by_number[number] = self._open_one(cookie, path.replace("{number}", str(number + 1)))
                under_way.append((number, self._by_number[number]))
            if not under_way:
                break
            self._pump(0.05)
        opened = sum(one.open for one in self._all[before:])
        return {
            "seconds": time.monotonic() - begun,
            "opened": opened,
            "failed": count - opened,
            "again": sum(tried) - count,
            "reason": self._reason,
        }

    def begin(self, timed: bool) -> dict[str, Any]:
        """Reset the counts. With ``timed``, record the arrival time of each event."""
        self._pump(0)
        self._found, self._last, self._timed = 0, 0.0, timed
        for one in self._all:
            one.found = one.received = 0
            one.times = {} if timed else None
        self._ended = 0
        return {}

    def wait(self, wanted: int, quiet: float, limit: float) -> dict[str, Any]:
        """Wait for ``wanted`` events, for ``quiet`` seconds without one after the first, or for ``limit`` seconds.

        ``last`` is the arrival time of the last event (CLOCK_MONOTONIC, which all processes of a machine share).
        """
        begun = time.monotonic()
        while self._found < wanted:
            now = time.monotonic()
            if now - begun > limit or (self._last and now - self._last > quiet):
                break
            self._pump(0.1)
            if not self._timed:
                time.sleep(REST)
        received = sum(one.received for one in self._all)
        silent = bool(self._last) and time.monotonic() - self._last > quiet
        return {
            "found": self._found,
            "last": self._last,
            "bytes": received,
            "ended": self._ended,
            "reason": self._reason,
            "over": self._found >= wanted or silent,
            "cpu": time.process_time(),
        }

    def drain(self, quiet: float, limit: float) -> dict[str, Any]:
        """Wait until no event has arrived for ``quiet`` seconds, for ``limit`` seconds at most."""
        begun = last = time.monotonic()
        while (now := time.monotonic()) - last < quiet and now - begun < limit:
            found = self._found
            self._pump(0.05)
            last = time.monotonic() if self._found != found else last
        return {}

    def delays(self, sent: list[tuple[int, float]]) -> dict[str, Any]:
        """Return percentiles of the milliseconds from each event's commit to its arrival at each client."""
        at = dict(sent)
        delays = sorted(
            max(0.0, (came - at[number]) * 1000)
            for one in self._all
            for number, came in (one.times or {}).items()
            if number in at
        )
        if not delays:
            return {"count": 0}

        def share(percent: float) -> float:
            return delays[min(len(delays) - 1, int(len(delays) * percent / 100))]

        return {"count": len(delays), "p50": share(50), "p99": share(99), "max": delays[-1]}

    def write(
        self, rate: float, messages: int, orders: list[dict[str, Any]], each: int, limit: float, text: str, path: str
    ) -> dict[str, Any]:
        """Write ``messages`` at ``rate`` a second, and wait until each has come to ``each`` clients.

        ``orders`` are taken in turns: the ``number`` of the client who writes, the ``cookie``, and the ``fields``
        beside the text, whose name is ``text``. With ``path`` a message is posted there, otherwise sent over the socket
        of that client. After ``limit`` seconds since the last one was due, nothing is waited for any more. Return
        ``delays`` from the moment at which a message was due, how many were ``refused``, how ``late`` the last was
        written, in seconds, and how many clients are ``closed``, since whenever, with the first ``reason``.
        """
        self.begin(timed=True)
        if path and self._posts is None:
            self._posts = Posts(self._register, f"{self._address[0]}:{self._address[1]}", path)
        posts, first, begin = self._posts, self._written, time.monotonic()
        self._written += messages
        late = 0.0
        if posts:
            posts.statuses.clear()
        for index in range(messages):
            due = begin + index / rate
            while (pause := due - time.monotonic()) > 0:
                self._pump(pause)
                if posts:
                    posts.go_on()
            late = -pause
            order = orders[(first + index) % len(orders)]
            body = {**order["fields"], text: f"bench-{first + index:06};"}
            if posts:
                posts.post(order["cookie"], body)
            else:
                self._by_number[order["number"]].say(json.dumps(body).encode())
            self._pump(0)
        end = time.monotonic() + limit
        while time.monotonic() < end and (self._found < messages * each or (posts and posts.unanswered)):
            self._pump(0.05)
            if posts:
                posts.go_on()
        sent = [(first + index, begin + index / rate) for index in range(messages)]
        refused = posts.refused if posts else 0
        return {
            "delays": self.delays(sent),
            "refused": refused,
            "late": late,
            "closed": sum(not one.open for one in self._all),
            "reason": self._reason,
        }

    def finish(self, limit: float) -> dict[str, Any]:
        """Wait for the answers to what was posted, for ``limit`` seconds. Return how many are ``unanswered``."""
        posts, end = self._posts, time.monotonic() + limit
        while posts and posts.unanswered and time.monotonic() < end:
            self._pump(0.05)
            posts.go_on()
        return {"unanswered": posts.unanswered if posts else 0}

    def close(self) -> dict[str, Any]:
        """Disconnect all clients at once."""
        for one in self._all:
            self._drop(one)
        self._all.clear()
        return {}

    # --- the loop -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Execute commands until stdin ends, and receive events meanwhile."""
        orders = sys.stdin.fileno()
        self._epoll.register(orders, select.EPOLLIN)
        self._orders = orders
        pending = b""
        while True:
            if orders in self._pump(1.0):
                data = os.read(orders, 2**20)
                if not data:
                    return
                pending += data
                while b"\n" in pending:
                    line, pending = pending.split(b"\n", 1)
                    order = json.loads(line)
                    try:
                        answer = getattr(self, order.pop("do"))(**order)
                    except Exception as error:  # noqa: BLE001 (any error is the response to the command)
                        answer = {"error": f"{type(error).__name__}: {error}"}
                    sys.stdout.write(json.dumps(answer) + "\n")
                    sys.stdout.flush()

    def _pump(self, seconds: float) -> set[int]:
        others = set()
        for fd, events in self._epoll.poll(seconds):
            one = self._by_fd.get(fd)
            if one is None:
                others.add(fd)
            elif events & select.EPOLLOUT and not one.open:
                self._epoll.modify(fd, select.EPOLLIN)
                self._try(one, lambda one=one: one.socket.sendall(one.request))
            else:
                self._try(one, lambda one=one: self._take(one))
        return others

    def _take(self, one: Connection) -> None:
        size = one.socket.recv_into(self._buffer)
        if not size:
            raise ConnectionResetError("the server hung up")
        before = one.found
        one.feed(self._buffer, size, time.monotonic())
        if one.found != before:
            self._found += one.found - before
            self._last = one.last

    def _try(self, one: Connection, what: Any) -> None:
        try:
            what()
        except BlockingIOError:
            pass
        except (OSError, ValueError, Refused) as error:
            self._ended += 1
            self._reason = self._reason or f"{type(error).__name__}: {error}"
            one.open = False
            self._drop(one)

    def _open_one(self, cookie: str, path: str) -> Connection:
        host = f"{self._address[0]}:{self._address[1]}"
        one = self._register(lambda sock: self._kind(sock, host, path, cookie))
        one.times = {} if self._timed else None
        self._all.append(one)
        return one

    def _register(self, make: Callable[[socket.socket], Connection]) -> Any:
        """Begin to connect, and let the loop listen to it. What ``make`` returns has its ``request`` sent then."""
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(self._address)
        one = make(sock)
        self._by_fd[sock.fileno()] = one
        self._epoll.register(sock.fileno(), select.EPOLLOUT)
        return one

    def _drop(self, one: Connection) -> None:
        fd = one.socket.fileno()
        if fd >= 0:
            self._by_fd.pop(fd, None)
            with contextlib.suppress(OSError):
                self._epoll.unregister(fd)
            one.socket.close()


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    Clients().run()
