"""Invalid and unusual WebSocket frames, and a parser of the server's frames (RFC 6455)."""

import json
import struct
from typing import Any

from hypothesis import strategies as st

from tests.support.site import Site

from .raw import Raw, status_of

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
HANDSHAKE = "\r\n".join(
    [
        "GET {path} HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: gistagum.v1",
        "Origin: http://localhost",
        "Cookie: {cookie}",
        "",
        "",
    ]
)


def frame(
    payload: bytes, opcode: int = TEXT, *, first: int = 0x80, masked: bool = True, length: int | None = None
) -> bytes:
    """Return a frame. ``first``: the bits beside the opcode; ``length``: a declared length that is wrong."""
    said = len(payload) if length is None else length
    bit = 0x80 if masked else 0
    if said < 126:
        head = struct.pack("!BB", first | opcode, bit | said)
    elif said < 2**16:
        head = struct.pack("!BBH", first | opcode, bit | 126, said)
    else:
        head = struct.pack("!BBQ", first | opcode, bit | 127, said)
    if not masked:
        return head + payload
    mask = b"\x37\xfa\x21\x3d"
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
SAID = st.one_of(
    st.just(b'{"type":"ping"}'),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.builds(lambda value: json.dumps({"type": "ack", "ids": value}).encode(), JSON),
    st.builds(lambda kind: json.dumps({"type": kind}).encode(), JSON),
    st.binary(max_size=200),
    st.sampled_from(
        [
            b"",
            b"[" * 4_000,
            b'{"a":' * 800,
            b"9" * 4_096,
            b"-" + b"9" * 4_000,
            b"1e99999",
            b'{"type":"ping","x":"' + b"x" * 4_074 + b'"}',  # 4,096 bytes
            b'{"type":"ping","x":"' + b"x" * 4_075 + b'"}',  # and one more
            b"\xef\xbb\xbf{}",
            b"\xff\xfe\xff",
            b'"\xed\xa0\x80"',
            b'{"type":"ping"}\x00',
            b'{"type":"__class__"}',
            b'{"type":"websocket.close","code":1000}',
            b"x" * 70_000,
        ]
    ),
)
FRAME = st.one_of(
    st.builds(frame, SAID),
    st.builds(frame, SAID),
    st.builds(frame, SAID, st.integers(0, 15)),
    st.builds(
        lambda payload, bits: frame(payload, first=bits), SAID, st.sampled_from([0x00, 0x10, 0x20, 0x40, 0xC0, 0xF0])
    ),
    st.builds(lambda payload: frame(payload, masked=False), SAID),
    st.builds(
        lambda payload, length: frame(payload, length=length),
        SAID,
        st.sampled_from([0, 1, 125, 126, 2**16, 2**31, 2**63 - 1, 2**64 - 1]),
    ),
    st.builds(lambda payload, cut: frame(payload)[:cut], SAID, st.integers(1, 20)),
    st.builds(lambda payload: frame(payload, first=0) + frame(b"}", 0), SAID),  # in two pieces
    st.builds(lambda payload: frame(payload, first=0) + frame(b"", PING) + frame(b"", 0), SAID),  # a ping in between
    st.builds(
        lambda payload, opcode: frame(payload * 2, opcode),
        st.binary(min_size=60, max_size=100),
        st.sampled_from([CLOSE, PING, PONG]),
    ),
    st.builds(
        lambda code, why: frame(struct.pack("!H", code) + why, CLOSE), st.integers(0, 65535), st.binary(max_size=20)
    ),
    st.just(frame(b"\x03", CLOSE)),
    st.just(frame(b"", TEXT, first=0) * 200),
    st.binary(min_size=1, max_size=40),
    st.just(b"GET / HTTP/1.1\r\n\r\n"),
)
TALK = st.lists(FRAME, min_size=1, max_size=6)


class RawSocket(Raw):
    """An open socket that sends arbitrary bytes. The server's frames are kept in ``texts`` and ``code``."""

    def __init__(self, site: Site, path: str, cookie: str) -> None:
        super().__init__(site)
        self.texts: list[Any] = []
        self.code: int | None = None
        self.say(HANDSHAKE.format(path=path, cookie=cookie).encode())
        self.hear(lambda heard: b"\r\n\r\n" in heard)
        head, _, self.heard = self.heard.partition(b"\r\n\r\n")
        assert status_of(head) == 101, head

    def listen(self, enough: Any, seconds: float) -> None:
        """Read frames until ``enough()``, the server's close, the end of the connection, or ``seconds``."""
        self.hear(lambda heard: self._read() or enough() or self.code is not None, seconds)
        self._read()

    def _read(self) -> None:
        while (size := self._whole()) is not None:
            begin, end = size
            opcode, payload = self.heard[0] & 0x0F, self.heard[begin:end]
            assert self.heard[0] & 0xF0 == 0x80, "a server's frame is whole and not compressed"
            self.heard = self.heard[end:]
            if opcode == TEXT:
                self.texts.append(json.loads(payload))
            elif opcode == CLOSE:
                self.code = struct.unpack("!H", payload[:2])[0] if payload else 1005
            else:
                assert opcode in {PING, PONG}

    def _whole(self) -> tuple[int, int] | None:
        if len(self.heard) < 2:
            return None
        size, begin = self.heard[1], 2
        if size >= 126:
            begin = 4 if size == 126 else 10
            if len(self.heard) < begin:
                return None
            size = int.from_bytes(self.heard[2:begin])
        return (begin, begin + size) if len(self.heard) >= begin + size else None
