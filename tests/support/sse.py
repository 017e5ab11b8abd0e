"""A client of Server-Sent Events for tests. It is strict about the format, and every wait has a limit."""

import contextlib
import json
import socket
import threading
import time
from typing import Any
from urllib.parse import urlsplit


class Refused(Exception):
    """The response is not a stream."""

    def __init__(self, status: int, headers: dict[str, str], body: str) -> None:
        super().__init__(f"{status}: {body[:200]}")
        self.status, self.headers, self.body = status, headers, body


class Frame(dict):
    """A frame's JSON. ``event_id`` is the ``id`` of its SSE message, else ``None``; ``at`` the time of its arrival."""

    event_id: str | None = None
    at: float = 0.0


class Stream:
    """An open stream on a plain socket, which can be read slowly or aborted. A thread reads it."""

    def __init__(self, url: str, cookie: str, *, last_event_id: str | None = None, reading: bool = True) -> None:
        parts = urlsplit(url)
        self.frames: list[Frame] = []
        self.comments: list[str] = []
        self.retry: int | None = None
        self.cursor: str | None = None
        self.ended = threading.Event()
        self._news = threading.Condition()
        self._taken = 0
        self._reader: threading.Thread | None = None
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=15)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = [f"GET {target} HTTP/1.1", f"Host: {parts.netloc}", "Accept: text/event-stream"]
        if cookie:
            headers.append(f"Cookie: {cookie}")
        if last_event_id is not None:
            headers.append(f"Last-Event-ID: {last_event_id}")
        self._socket.sendall("\r\n".join([*headers, "", ""]).encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers: dict[str, str] = {}
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            self.headers[name.strip().lower()] = value.strip()
        if self.status != 200 or "text/event-stream" not in self.headers.get("content-type", ""):
            length = int(self.headers.get("content-length", 0))
            body = self._file.read(length).decode()
            self.close()
            raise Refused(self.status, self.headers, body)
        if reading:
            self._socket.settimeout(None)
            self._reader = threading.Thread(target=self._read, daemon=True)
            self._reader.start()

    def _body(self) -> Any:
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            while True:
                size = int(self._file.readline().strip() or b"0", 16)
                if not size:
                    return
                yield self._file.read(size)
                self._file.readline()
        else:
            while data := self._file.read1(65536):
                yield data

    def _read(self) -> None:
        buffer = b""
        try:
            for data in self._body():
                buffer += data
                while b"\n\n" in buffer:
                    block, buffer = buffer.split(b"\n\n", 1)
                    self._block(block.decode())
        except (OSError, ValueError):
            pass  # the connection is closed; frames received so far remain
        with self._news:
            self.ended.set()
            self._news.notify_all()

    def _block(self, block: str) -> None:
        data: list[str] = []
        event_id = None
        for line in block.split("\n"):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data.append(value)
            elif field == "id":
                event_id = value
            elif field == "retry":
                self.retry = int(value)
            elif field == "":
                self.comments.append(value)
            else:
                raise AssertionError(f"An SSE line that no browser page here handles: {line!r}")
        with self._news:
            if data:
                frame = Frame(json.loads("\n".join(data)))
                frame.event_id, frame.at = event_id, time.monotonic()
                self.frames.append(frame)
            if event_id is not None:  # after the frame, so that a wait for the cursor finds its frame
                self.cursor = event_id
            self._news.notify_all()

    def wait_for(self, wanted: Any, what: str = "", seconds: float = 10.0) -> Frame:
        """Return the next frame, after that of the last call, for which ``wanted(frame)`` is true."""
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                while self._taken < len(self.frames):
                    self._taken += 1
                    if wanted(self.frames[self._taken - 1]):
                        return self.frames[self._taken - 1]
                left = deadline - time.monotonic()
                if left <= 0 or self.ended.is_set():
                    state = "ended" if self.ended.is_set() else "silent"
                    raise AssertionError(f"No such frame ({what or wanted}); the stream is {state}; got {self.frames}")
                self._news.wait(left)

    def next(self, seconds: float = 10.0) -> Frame:
        """Return the next frame."""
        return self.wait_for(lambda frame: True, "any frame", seconds)

    def of_type(self, kind: str, seconds: float = 10.0) -> Frame:
        """Return the next frame of this type."""
        return self.wait_for(lambda frame: frame.get("type") == kind, kind, seconds)

    def wait_for_cursor(self, at_least: int, seconds: float = 10.0) -> None:
        """Wait until the stream's cursor is at this id or later, so that everything up to it has been processed."""
        deadline = time.monotonic() + seconds
        with self._news:
            while int(self.cursor or 0) < at_least:
                left = deadline - time.monotonic()
                state = "has ended" if self.ended.is_set() else "goes on"
                if left <= 0 or self.ended.is_set():
                    raise AssertionError(f"The cursor stays at {self.cursor}, not {at_least}; the stream {state}")
                self._news.wait(left)

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._reader:
            self._reader.join(5)  # before the file is closed, which the thread locks while it reads
        self._file.close()
        self._socket.close()

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
