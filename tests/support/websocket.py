"""A WebSocket client for tests. It is strict about the frames, and every wait has a limit."""

import json
import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

SUBPROTOCOL = "gistagum.v1"


class Refused(Exception):
    """The handshake was rejected."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class Frame(dict):
    """A frame's JSON, with the time of its arrival."""

    at: float = 0.0


class Socket:
    """An open socket, read by a thread.

    With ``joined``, the client offers the subprotocol, and each message is an array of frames; else it is one frame.
    ``origin`` defaults to the site's own; an empty one omits the header. ``cursor`` is the newest id received, in an
    event or a cursor frame.
    """

    def __init__(self, url: str, cookie: str = "", *, joined: bool = True, origin: str | None = None) -> None:
        parts = urlsplit(url)
        self.frames: list[Frame] = []
        self.messages: list[str] = []
        self.faults: list[str] = []
        self.ended = threading.Event()
        self.code: int | None = None
        self.joined = joined
        self.cursor = 0
        self._news = threading.Condition()
        self._taken = 0
        origin = f"http://{parts.netloc}" if origin is None else origin
        try:
            opening = connect(
                f"ws://{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else ""),
                origin=origin or None,
                additional_headers={"Cookie": cookie} if cookie else None,
                subprotocols=[SUBPROTOCOL] if joined else None,
                open_timeout=15,
                close_timeout=5,
                ping_interval=None,
                max_size=None,
                proxy=None,
            )
            self._connection = opening.__enter__()  # without a block, since the socket lives as long as this object
        except InvalidStatus as error:
            raise Refused(error.response.status_code) from None
        assert self._connection.subprotocol == (SUBPROTOCOL if joined else None)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def events(self) -> list[Frame]:
        """The frames of events, which have an id."""
        return [frame for frame in list(self.frames) if "id" in frame and "at" in frame]

    def _read(self) -> None:
        try:
            while True:
                self._take(self._connection.recv())
        except ConnectionClosed as closed:
            self.code = closed.rcvd.code if closed.rcvd else 1006
        with self._news:
            self.ended.set()
            self._news.notify_all()

    def _take(self, message: str | bytes) -> None:
        moment = time.monotonic()
        with self._news:
            try:
                assert isinstance(message, str), "a binary message"
                value = json.loads(message)
                assert isinstance(value, list) == self.joined, "an array or not, as was agreed"
                frames = value if self.joined else [value]
                assert frames, "an empty array"
                for one in frames:
                    assert isinstance(one, dict), "a frame is an object"
                    assert isinstance(one.get("type"), str), "with a type"
                    frame = Frame(one)
                    frame.at = moment
                    if frame["type"] == "cursor":
                        assert frame["cursor"] >= self.cursor, f"the cursor goes back from {self.cursor}"
                        self.cursor = frame["cursor"]
                    elif "id" in frame and "at" in frame:
                        assert frame["id"] > self.cursor, f"an id that is not above {self.cursor}"
                        self.cursor = frame["id"]
                    self.frames.append(frame)
                self.messages.append(message)
            except (AssertionError, ValueError) as fault:
                self.faults.append(f"{fault}: {message[:200]!r}")
            self._news.notify_all()

    def wait_for(self, wanted: Any, what: str = "", seconds: float = 10.0) -> Frame:
        """Return the next frame, after that of the last call, for which ``wanted(frame)`` is true."""
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                assert not self.faults, self.faults
                while self._taken < len(self.frames):
                    self._taken += 1
                    if wanted(self.frames[self._taken - 1]):
                        return self.frames[self._taken - 1]
                left = deadline - time.monotonic()
                if left <= 0 or self.ended.is_set():
                    state = f"closed with {self.code}" if self.ended.is_set() else "silent"
                    raise AssertionError(
                        f"No such frame ({what or wanted}); the socket is {state}; got {self.frames[-20:]}"
                    )
                self._news.wait(left)

    def next(self, seconds: float = 10.0) -> Frame:
        """Return the next frame that is not a cursor."""
        return self.wait_for(lambda frame: frame["type"] != "cursor", "any frame", seconds)

    def of_type(self, kind: str, seconds: float = 10.0) -> Frame:
        """Return the next frame of this type."""
        return self.wait_for(lambda frame: frame["type"] == kind, kind, seconds)

    def saying(self, message: str, seconds: float = 10.0) -> Frame:
        """Return the next notification with this message."""
        return self.wait_for(lambda frame: frame.get("message") == message, message, seconds)

    def wait_for_cursor(self, at_least: int, seconds: float = 10.0) -> None:
        """Wait until the cursor is at this id or later, so that everything up to it has been processed."""
        deadline = time.monotonic() + seconds
        with self._news:
            while self.cursor < at_least:
                assert not self.faults, self.faults
                left = deadline - time.monotonic()
                assert left > 0, f"The cursor stays at {self.cursor}, expected {at_least}; closed: {self.code}"
                self._news.wait(min(left, 1.0))

    def closed_with(self, seconds: float = 5.0) -> int | None:
        """Wait for the close, and return the server's close code (1006: without a close frame)."""
        assert self.ended.wait(seconds), f"The socket stays open; got {self.frames[-5:]}"
        return self.code

    def send(self, message: Any) -> None:
        """Send text or bytes unchanged, other values as JSON."""
        self._connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def vanish(self) -> None:
        """Disconnect without a close frame."""
        with suppress(OSError):
            self._connection.socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(5)

    def close(self) -> None:
        """Close the socket with a close frame."""
        self._connection.close()
        self._reader.join(5)

    def __enter__(self) -> "Socket":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class DeafSocket:
    """A client that completes the handshake and then reads nothing. Its receive buffer is small."""

    def __init__(self, url: str, cookie: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.settimeout(15)
        self._socket.connect((parts.hostname, parts.port))
        lines = [
            f"GET {parts.path}?{parts.query} HTTP/1.1",
            f"Host: {parts.netloc}",
            f"Origin: http://{parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            f"Cookie: {cookie}",
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = self._socket.recv(12)
        assert answer == b"HTTP/1.1 101", answer

    def say(self, text: str, most: int, seconds: float) -> int:
        """Send ``text`` up to ``most`` times, until a send blocks for ``seconds``. Return how often it was sent."""
        payload = text.encode()
        frame = b"\x81" + struct.pack("!BH", 0x80 | 126, len(payload)) + bytes(4) + payload
        self._socket.settimeout(seconds)
        for count in range(most):
            try:
                self._socket.sendall(frame)
            except OSError:  # a timeout, or disconnected
                return count
        return most

    def let_go(self, seconds: float) -> bool:
        """Read all remaining data, and return whether the connection was closed."""
        self._socket.settimeout(seconds)
        try:
            while self._socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def __enter__(self) -> "DeafSocket":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
