"""A process with many clients, on plain sockets and one epoll, that counts what each of them receives.

It reads its plan from the standard input as one line of JSON: the port, the transport, the cookies, and the cursor. It
reports when all clients are connected. On ``until ID SECONDS`` it waits until every client has that id, and reports. It
exits at the end of its input. It uses only the standard library, since it shares two processors with the servers.
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
AT_ONCE = 20  # concurrent handshakes: Daphne rejects those that take longer than five seconds
TRIES = 5  # attempts of each client; browsers retry as well
OPEN_SECONDS = 180.0


class Client:
    """One connection."""

    __slots__ = ("cookie", "frames", "head", "reader", "sock")

    def __init__(self, sock: socket.socket, frames: StreamFrames | SocketFrames, last: int, cookie: str) -> None:
        self.sock = sock
        self.cookie = cookie
        self.frames = frames
        self.reader = Reader(last)
        self.head: bytes | None = b""  # the received part of the response's head; None once it is complete


class Crowd:
    """All clients of this process."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._tally = Tally()
        self._poll = select.epoll()
        self._clients: dict[int, Client] = {}
        self._opening = self.knocked = 0
        self._waiting: deque[str] = deque()
        self.turned_away: list[str] = []  # rejections before a client was connected
        self.closed: list[str] = []  # reasons of closed connections
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN)
        self._orders = b""

    def open(self) -> float:
        """Connect all clients, and return the seconds that it took."""
        begun = time.monotonic()
        waiting = self._waiting
        waiting += self._plan["cookies"]
        most = TRIES * len(waiting)
        while waiting or self._opening:
            while waiting and self._opening < AT_ONCE and self.knocked < most:
                self._connect(waiting.popleft())
            self._read_ready(1.0, begun + OPEN_SECONDS)
            if waiting and not self._opening and self.knocked >= most:
                break
        return time.monotonic() - begun

    def _connect(self, cookie: str) -> None:
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

    def _read_ready(self, seconds: float, deadline: float = float("inf")) -> None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{self._opening} clients are not let in; {self.turned_away[:3]}")
        for fd, _ in self._poll.poll(seconds, 512):
            client = self._clients.get(fd)
            if client is None:
                self._orders += self._read_orders()
                continue
            try:
                data = client.sock.recv(262_144)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                self._close(fd, client)
            elif client.head is None:
                self._take(client, data)
            else:
                self._begin(client, data)

    def _read_orders(self) -> bytes:
        answer = os.read(sys.stdin.fileno(), 4096)
        if not answer:
            os._exit(0)
        return answer

    def _begin(self, client: Client, data: bytes) -> None:
        client.head = (client.head or b"") + data
        end = client.head.find(b"\r\n\r\n")
        if end < 0:
            return
        if not client.head.startswith(client.frames.opened):
            self._close(client.sock.fileno(), client)
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

    def _close(self, fd: int, client: Client) -> None:
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
        """Read until every client has this id or ``seconds`` have passed, and return the counts."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(one.reader.last < newest for one in self._clients.values()):
            self._read_ready(0.2)
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
        """Read from the clients and execute orders, until the input ends."""
        while True:
            self._read_ready(1.0)
            while b"\n" in self._orders:
                order, self._orders = self._orders.split(b"\n", 1)
                _, newest, seconds = order.split()
                write_line(self.until(int(newest), float(seconds)))


def write_line(value: Any) -> None:
    """Write a line of JSON to the standard output."""
    sys.stdout.write(json.dumps(value, separators=(",", ":")) + "\n")
    sys.stdout.flush()


class CrowdProcess:
    """Controls such a process. ``cookies`` has one for each client; ``after`` is the cursor of all of them."""

    def __init__(self, port: int, transport: str, cookies: list[str], after: int) -> None:
        self.turned_away = 0  # rejected at first, and connected at a later attempt
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.load.crowd"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.transport, self.number, self.pid = transport, len(cookies), self._process.pid
        self._order(json.dumps({"port": port, "transport": transport, "cookies": cookies, "after": after}))

    def opened(self, seconds: float = OPEN_SECONDS + 10) -> float:
        """Wait until all are connected, and return the seconds. Raise AssertionError if some never are."""
        answer = self._read_line(seconds)
        assert not answer["outside"], (
            f"{answer['outside']} of {self.number} are not let in: {answer['turned_away'][:3]}"
        )
        self.turned_away = len(answer["turned_away"])
        return answer["seconds"]

    def until(self, newest: int, seconds: float) -> dict[str, Any]:
        """Return the result of ``Crowd.until``."""
        self._order(f"until {newest} {seconds}")
        return self._read_line(seconds + 30)

    def kill(self) -> None:
        """Kill the process with SIGKILL, with all connections open."""
        self._process.kill()
        self._process.communicate()

    def _order(self, line: str) -> None:
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def _read_line(self, seconds: float) -> dict[str, Any]:
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
    while not first.endswith(b"\n"):  # not with sys.stdin, which would read ahead
        first += os.read(sys.stdin.fileno(), 65536) or sys.exit(0)
    crowd = Crowd(json.loads(first))
    seconds = crowd.open()
    write_line({"seconds": round(seconds, 2), "outside": len(crowd._waiting), "turned_away": crowd.turned_away})
    crowd.serve()


if __name__ == "__main__":
    main()
