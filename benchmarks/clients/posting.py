"""People who write: messages over HTTP, each with a POST of its own, or over the socket that a client has open.

A pool of kept-alive connections belongs to nobody: each request says with its cookie who posts. A message is posted
when it is due, whether earlier ones have been answered or not, so a slow server is not asked less.
"""

import json
import socket
from collections import Counter, deque
from typing import Any

from .connection import Connection

MOST = 400  # connections at once; what is due while all wait for an answer waits for one of them
TOKEN = "b" * 32  # of the check of CSRF: a cookie and a header with the same value


class Poster(Connection):
    """One kept-alive connection. ``answered`` is the status of the answer that has come; 0 before."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, "", "", "")
        self.answered = 0
        self._answer = bytearray()

    def feed(self, buffer: bytearray, size: int, now: float) -> None:
        self.open = True
        self._answer += buffer[:size]
        head, end, body = bytes(self._answer).partition(b"\r\n\r\n")
        if not end:
            return
        lines = head.lower().split(b"\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), None)
        if len(body) >= length if length is not None else body.endswith(b"0\r\n\r\n"):
            self.answered = int(lines[0].split()[1])
            self._answer.clear()


class Posts:
    """All posts of the clients to one address. ``connect`` makes a connection that the clients' loop listens to."""

    def __init__(self, connect: Any, host: str, path: str) -> None:
        self._connect, self._host, self._path = connect, host, path
        self._free: list[Poster] = []
        self._busy: dict[int, Poster] = {}
        self._waiting: deque[bytes] = deque()
        self.statuses: Counter[int] = Counter()

    def post(self, cookie: str, body: dict[str, Any]) -> None:
        """Post a JSON object as the person with this cookie."""
        content = json.dumps(body).encode()
        lines = [
            f"POST {self._path} HTTP/1.1",
            f"Host: {self._host}",
            f"Origin: http://{self._host}",
            f"Cookie: {cookie}; csrftoken={TOKEN}",
            f"X-CSRFToken: {TOKEN}",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
        ]
        self._waiting.append("\r\n".join([*lines, "", ""]).encode() + content)
        self.go_on()

    def go_on(self) -> None:
        """Take the connections that have been answered, and give them what waits."""
        for fd, one in list(self._busy.items()):
            if one.answered or one.socket.fileno() < 0:
                self.statuses[one.answered] += 1
                del self._busy[fd]
                if one.answered:
                    one.answered = 0
                    self._free.append(one)
        while self._waiting and (self._free or len(self._busy) < MOST):
            one = self._free.pop() if self._free else self._connect(Poster)
            if one.socket.fileno() < 0:  # the server has closed it meanwhile
                continue
            one.request = self._waiting[0]  # sent when it is connected, or now
            if one.open:
                try:
                    one.socket.sendall(one.request)
                except OSError:  # closed a moment ago; the loop drops it
                    continue
            self._waiting.popleft()
            self._busy[one.socket.fileno()] = one

    @property
    def refused(self) -> int:
        """How many posts were answered with another status than 200, or not yet."""
        return sum(number for status, number in self.statuses.items() if status != 200) + self.unanswered

    @property
    def unanswered(self) -> int:
        """How many posts have no answer yet."""
        return len(self._busy) + len(self._waiting)
