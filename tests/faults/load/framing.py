"""Parsers of both transports' frames, fast when a read returns one whole write, and correct otherwise."""

import struct

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
MASK = bytes(4)
STREAM_PATH, SOCKET_PATH = "/projeng/api/realtime/events/", "/ws/events/"


def stream_request(netloc: str, cookie: str, query: str = "") -> bytes:
    """Return the request of a stream of all topics."""
    lines = [f"GET {STREAM_PATH}?{query} HTTP/1.1", f"Host: {netloc}", "Accept: text/event-stream", f"Cookie: {cookie}"]
    return "\r\n".join([*lines, "", ""]).encode()


def socket_request(netloc: str, cookie: str, query: str = "") -> bytes:
    """Return the handshake of a socket with all topics and with the subprotocol."""
    lines = [
        f"GET {SOCKET_PATH}?{query} HTTP/1.1",
        f"Host: {netloc}",
        f"Origin: http://{netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: gistagum.v1",
        f"Cookie: {cookie}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


class StreamFrames:
    """Chunked Server-Sent Events."""

    opened = b"HTTP/1.1 200"

    def __init__(self) -> None:
        self._raw = b""
        self._text = b""
        self.over = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the complete frames, and the bytes to respond with (none)."""
        if not self._raw and not self._text and data.endswith(b"\n\n\r\n"):
            head = data.find(b"\r\n")
            if int(data[:head], 16) == len(data) - head - 4:  # one write, and nothing else
                return data, b""
        self._raw += data
        while (head := self._raw.find(b"\r\n")) >= 0:
            size = int(self._raw[:head], 16)
            if len(self._raw) < head + size + 4:
                break
            self._text += self._raw[head + 2 : head + 2 + size]
            self._raw = self._raw[head + size + 4 :]
            self.over = self.over or size == 0
        whole = self._text.rfind(b"\n\n") + 2
        frames, self._text = (self._text[:whole], self._text[whole:]) if whole > 1 else (b"", self._text)
        return frames, b""


class SocketFrames:
    """WebSocket messages without extensions."""

    opened = b"HTTP/1.1 101"

    def __init__(self) -> None:
        self._raw = b""
        self.over = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the complete messages, and the bytes to respond with (pongs)."""
        if not self._raw and data[0] == TEXT and _ends(data, 0) == len(data):
            return data, b""
        self._raw += data
        texts, answer, start = b"", b"", 0
        while 0 < (end := _ends(self._raw, start)) <= len(self._raw):
            kind = self._raw[start]
            if kind == TEXT:
                texts += self._raw[start:end]
            elif kind == PING:
                ping = self._raw[start + 2 : end]  # a pong must repeat the ping's payload
                answer += bytes((PONG, 0x80 | len(ping))) + MASK + ping
            elif kind == CLOSE:
                self.over = True
            else:
                raise ValueError(f"A frame that nobody expects: {self._raw[start:end][:80]!r}")
            start = end
        self._raw = self._raw[start:]
        return texts, answer


def _ends(data: bytes, start: int) -> int:
    """Return the end of the frame that starts at ``start``; 0 if its header is incomplete."""
    if len(data) < start + 2:
        return 0
    length = data[start + 1]
    if length < 126:
        return start + 2 + length
    size, form = (2, "!H") if length == 126 else (8, "!Q")
    if len(data) < start + 2 + size:
        return 0
    return start + 2 + size + struct.unpack_from(form, data, start + 2)[0]
