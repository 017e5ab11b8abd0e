"""One client's connection: the handshake, and the detection of events in the received bytes, on every transport.

Only the framing is parsed, not the JSON. An event is found by its mark (``bench-000017;``), so that the clients use
less of their core than any server uses of its own.
"""

import re
import socket
from typing import ClassVar

MARK = re.compile(rb"bench-(\d{6});")
BEGINNING = b"bench-"
LONGEST = 12  # one less than a mark's length: the end of a chunk that may be the beginning of a mark


class Refused(Exception):
    """The server rejected the client."""


class Connection:
    """A client. ``feed`` takes received bytes; ``found`` counts events; ``times`` has their arrival times if wanted."""

    greeting = b""
    subprotocol = ""
    extra: ClassVar[list[str]] = []

    def __init__(self, sock: socket.socket, host: str, path: str, cookie: str) -> None:
        self.socket = sock
        self.open = False
        self.found = 0
        self.received = 0
        self.last = 0.0
        self.times: dict[int, float] | None = None
        self._head = bytearray()
        self._tail = b""
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", f"Origin: http://{host}", *self.extra]
        lines += [f"Cookie: {cookie}"] if cookie else []
        self.request = "\r\n".join([*lines, "", ""]).encode()

    def feed(self, buffer: bytearray, size: int, now: float) -> None:
        """Process the first ``size`` bytes of ``buffer``, received at ``now``."""
        if self.open:
            self._body(buffer, 0, size, now)
            return
        self._head += buffer[:size]
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return
        first = bytes(self._head.split(b"\r\n", 1)[0])
        rest = self._head[end + 4 :]
        if self.accepted not in first:
            raise Refused(first.decode(errors="replace"))
        self._head = bytearray()
        self.open = True
        self._body(rest, 0, len(rest), now)

    accepted = b" 200 "

    def _body(self, buffer: bytearray, begin: int, end: int, now: float) -> None:
        raise NotImplementedError

    def _payload(self, buffer: bytearray, begin: int, end: int, now: float) -> None:
        """Find events in a part of the payload. A mark may begin in one part and end in the next."""
        tail = self._tail
        if self.times is None:
            found = buffer.count(BEGINNING, begin, end)
            if tail:
                keep = len(BEGINNING) - 1
                found += (tail[-keep:] + buffer[begin : min(end, begin + keep)]).count(BEGINNING)
        else:
            # Only the first arrival counts: a later event may contain the mark as an old value.
            numbers = {int(number) for number in MARK.findall(tail + buffer[begin:end])} - self.times.keys()
            self.times.update(dict.fromkeys(numbers, now))
            found = len(numbers)
        whole = end - begin >= LONGEST
        self._tail = bytes(buffer[end - LONGEST : end]) if whole else (tail + buffer[begin:end])[-LONGEST:]
        if found:
            self.found += found
            self.last = now
        self.received += end - begin


class Stream(Connection):
    """Server-Sent Events, in a chunked response or in one that ends with the connection."""

    extra: ClassVar[list[str]] = ["Accept: text/event-stream"]

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._left = 0  # remaining bytes of the current chunk
        self._size = bytearray()  # the received part of the next chunk's size line

    def _body(self, buffer: bytearray, begin: int, end: int, now: float) -> None:
        while begin < end:
            if self._left > 2:
                upto = min(end, begin + self._left - 2)
                self._payload(buffer, begin, upto, now)
                self._left -= upto - begin
                begin = upto
            elif self._left:  # the line end after a chunk
                skipped = min(self._left, end - begin)
                self._left -= skipped
                begin += skipped
            else:
                line = buffer.find(b"\n", begin, end)
                if line < 0:
                    self._size += buffer[begin:end]
                    return
                self._size += buffer[begin:line]
                self._left = int(self._size.split(b";")[0], 16) + 2
                self._size.clear()
                begin = line + 1


class Socket(Connection):
    """A WebSocket that offers our subprotocol, with which messages are arrays of frames, and responds to pings.

    Events are found in the raw bytes: no mark is interrupted by a frame's header, since none spans two messages.
    Headers are parsed only to find frames that need a response.
    """

    accepted = b" 101 "
    extra: ClassVar[list[str]] = [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: gistagum.v1",
    ]

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._left = 0  # remaining bytes of the current frame
        self._short = b""  # the beginning of a header, or of a short frame

    def _body(self, buffer: bytearray, begin: int, end: int, now: float) -> None:
        self._payload(buffer, begin, end, now)
        if self._short:
            buffer = bytearray(self._short) + buffer[begin:end]
            begin, end, self._short = 0, len(buffer), b""
        begin += self._left
        while begin < end:
            length = buffer[begin + 1] if end - begin >= 2 else 0
            header = 2 if length < 126 else 4 if length == 126 else 10
            opcode = buffer[begin] & 0x0F
            short = opcode >= 8 or length < 4  # wait for the rest of frames that may need a response
            if end - begin < header + (length if short else 0):
                self._short = bytes(buffer[begin:end])
                self._left = 0
                return
            if length >= 126:
                length = int.from_bytes(buffer[begin + 2 : begin + header], "big")
            elif short:
                self._said(opcode, bytes(buffer[begin + 2 : begin + 2 + length]))
            begin += header + length
        self._left = begin - end

    def _said(self, opcode: int, payload: bytes) -> None:
        if opcode == 9:
            self.say(payload, 10)
        elif opcode == 8:
            raise ConnectionResetError(f"closed with {int.from_bytes(payload[:2], 'big')}")

    def say(self, payload: bytes, opcode: int = 1) -> None:
        """Send a short message."""
        # A mask of zeros is valid, and costs the server as much as any other.
        self.socket.send(bytes([0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0]) + payload)


class EngineSocket(Socket):
    """A Socket.IO client that starts with WebSocket: it joins the namespace and responds to pings."""

    extra: ClassVar[list[str]] = Socket.extra[:-1]

    def feed(self, buffer: bytearray, size: int, now: float) -> None:
        opened = self.open
        super().feed(buffer, size, now)
        if self.open and not opened:
            self.say(b"40")

    def _said(self, opcode: int, payload: bytes) -> None:
        if opcode == 1 and payload == b"2":
            self.say(b"3")
        super()._said(opcode, payload)


KINDS: dict[str, type[Connection]] = {"sse": Stream, "websocket": Socket, "socketio": EngineSocket}
