"""A process with many open clients, on plain connections and one epoll, that counts what each of them is sent.

Its plan comes as one line of JSON on its standard input: where, with which cookies, on which transport, after which id.
It says when all are open. Then ``until ID SECONDS`` makes it wait for everybody to have that id, and report; the end of
its input ends it. It needs nothing but Python, since it shares two processors with the servers that it measures.
"""

import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

from .framing import SocketFrames, StreamFrames, socket_request, stream_request
from .tally import Reader, Tally

ROOT = Path(__file__).resolve().parents[3]
AT_ONCE = 20  # that knock on the door: Daphne turns away whom it has not let in after five seconds
TRIES = 5  # of each; browsers come back, too
OPEN_SECONDS = 180.0


class Client:
    """One connection."""

    __slots__ = ("cookie", "frames", "head", "reader", "sock")

    def __init__(self, sock: socket.socket, frames: StreamFrames | SocketFrames, last: int, cookie: str) -> None:
        self.sock = sock
        self.cookie = cookie
        self.frames = frames
        self.reader = Reader(last)
        self.head: bytes | None = b""  # what has come of the answer's head; None once it is complete


class Crowd:
    """All clients of this process."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._tally = Tally()
        self._poll = select.epoll()
        self._clients: dict[int, Client] = {}
        self._opening = self.knocked = 0
        self._waiting: deque[str] = deque()
        self.turned_away: list[str] = []  # while they knocked
        self.closed: list[str] = []  # once they had been let in
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN)
        self._orders = b""

    def open(self) -> float:
        """Open all; the seconds that took."""
        begun = time.monotonic()
        waiting = self._waiting
        waiting += self._plan["cookies"]
        most = TRIES * len(waiting)
        while waiting or self._opening:
            while waiting and self._opening < AT_ONCE and self.knocked < most:
                self._knock(waiting.popleft())
            self._turn(1.0, begun + OPEN_SECONDS)
            if waiting and not self._opening and self.knocked >= most:
                break
        return time.monotonic() - begun

    def _knock(self, cookie: str) -> None:
        port = self._plan["port"]
        socket_kind = self._plan["transport"] == "websocket"
        request = socket_request if socket_kind else stream_request
        sock = socket.create_connection(("127.0.0.1", port), timeout=15)
        sock.sendall(request(f"127.0.0.1:{port}", cookie, f"last_event_id={self._plan['after']}"))
        sock.setblocking(False)
        frames = SocketFrames() if socket_kind else StreamFrames()
        self._clients[sock.fileno()] = Client(sock, frames, self._plan["after"], cookie)
        self._poll.register(sock.fileno(), select.EPOLLIN)
        self._opening += 1
        self.knocked += 1

    def _turn(self, seconds: float, deadline: float = float("inf")) -> None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{self._opening} clients are not let in; {self.turned_away[:3]}")
        for fd, _ in self._poll.poll(seconds, 512):
            client = self._clients.get(fd)
            if client is None:
                self._orders += self._heard()
                continue
            try:
                data = client.sock.recv(262_144)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                self._gone(fd, client)
            elif client.head is None:
                self._take(client, data)
            else:
                self._begin(client, data)

    def _heard(self) -> bytes:
        said = os.read(sys.stdin.fileno(), 4096)
        if not said:
            os._exit(0)
        return said

    def _begin(self, client: Client, data: bytes) -> None:
        client.head = (client.head or b"") + data
        end = client.head.find(b"\r\n\r\n")
        if end < 0:
            return
        if not client.head.startswith(client.frames.opened):
            self._gone(client.sock.fileno(), client)
            return
        self._opening -= 1
        rest, client.head = client.head[end + 4 :], None
        if rest:
            self._take(client, rest)

    def _take(self, client: Client, data: bytes) -> None:
        frames, answer = client.frames.feed(data)
        if frames:
            self._tally.take(client.reader, frames, time.monotonic())
        if answer:
            client.sock.send(answer)

    def _gone(self, fd: int, client: Client) -> None:
        self._poll.unregister(fd)
        del self._clients[fd]
        client.sock.close()
        if client.head is None:
            self.closed.append(f"after {client.reader.last}")
        else:
            self._opening -= 1
            self.turned_away.append((client.head or b"cut off").decode("latin1")[:100])
            self._waiting.append(client.cookie)

    def until(self, newest: int, seconds: float) -> dict[str, Any]:
        """Read until everybody has this id, so many seconds at most: what came, and what did not."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(one.reader.last < newest for one in self._clients.values()):
            self._turn(0.2)
        tally = self._tally
        return {
            "open": len(self._clients),
            "closed": len(self.closed),
            "closed_with": self.closed[:3],
            "delivered": tally.delivered,
            "lost": tally.lost([one.reader for one in self._clients.values()], newest),
            "twice": tally.twice,
            "disordered": tally.disordered,
            "cpu_seconds": round(time.process_time(), 1),
            "arrivals": [[*key, number] for key, number in tally.arrivals.items()],
        }

    def serve(self) -> None:
        """Read, and do what is said, for ever."""
        while True:
            self._turn(1.0)
            while b"\n" in self._orders:
                order, self._orders = self._orders.split(b"\n", 1)
                _, newest, seconds = order.split()
                say(self.until(int(newest), float(seconds)))


def say(value: Any) -> None:
    """One line of JSON on the standard output."""
    sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")
    sys.stdout.flush()


class CrowdProcess:
    """Such a process, from outside. ``cookies``: one for each client; ``after``: the id that all of them stand at."""

    def __init__(self, port: int, transport: str, cookies: list[str], after: int) -> None:
        self.turned_away = 0  # and let in when they came back
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.load.crowd"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.transport, self.number, self.pid = transport, len(cookies), self._process.pid
        self._tell(json.dumps({"port": port, "transport": transport, "cookies": cookies, "after": after}))

    def opened(self, seconds: float = OPEN_SECONDS + 10) -> float:
        """Wait until all are open: the seconds that took them. Raises AssertionError when some are never let in."""
        said = self._hear(seconds)
        assert not said["outside"], f"{said['outside']} of {self.number} are not let in: {said['turned_away'][:3]}"
        self.turned_away = len(said["turned_away"])
        return said["seconds"]

    def until(self, newest: int, seconds: float) -> dict[str, Any]:
        """What ``Crowd.until`` gives."""
        self._tell(f"until {newest} {seconds}")
        return self._hear(seconds + 30)

    def kill(self) -> None:
        """``kill -9``, with all connections open."""
        self._process.kill()
        self._process.communicate()

    def _tell(self, line: str) -> None:
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def _hear(self, seconds: float) -> dict[str, Any]:
        watchdog = threading.Timer(seconds, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        assert line, f"A crowd says nothing for {seconds} s, or has ended"
        return json.loads(line)

    def __enter__(self) -> "CrowdProcess":
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()


def main() -> None:
    first = b""
    while not first.endswith(b"\n"):  # not by sys.stdin, which would read ahead of epoll
        first += os.read(sys.stdin.fileno(), 65536) or sys.exit(0)
    crowd = Crowd(json.loads(first))
    seconds = crowd.open()
    say({"seconds": round(seconds, 2), "outside": len(crowd._waiting), "turned_away": crowd.turned_away})
    crowd.serve()


if __name__ == "__main__":
    main()
