"""Hypothesis strategies of malformed requests that are close to valid ones."""

from dataclasses import dataclass

from hypothesis import strategies as st

API = b"/projeng/api/realtime/"
SOCKETS = (b"/ws/events/", b"/ws/notifications/", b"/ws/projects/")
STREAMS = (API + b"notifications/", API + b"dashboard/", API + b"projects/", API + b"projects/1/", API + b"events/")
ADDRESSES = (
    *STREAMS,
    *SOCKETS,
    API + b"poll/",
    API + b"status/",
    API + b"receipts/",
    API + b"projects/99999999999999999999/",
    b"/live/word/",
    b"/health/",
    b"/",
    b"*",
    b"/ws/",
    b"//ws//events/",
    b"/ws/events/%00",
    b"/%2e%2e/%2e%2e/etc/passwd",
    b"/static/%ff",
    b"http://localhost/ws/events/",
)
LINE = st.binary(max_size=60).filter(lambda data: b"\n" not in data and b"\r" not in data)
ODD = st.one_of(
    LINE,
    st.sampled_from(
        [b"", b" ", b"\x00", b"\xff\xfe", b"'\";--", b"%00", b"\xe2\x82\xb1", b"-1", b"9" * 400, b"a" * 9_000]
    ),
)
CURSOR = st.one_of(
    st.integers(-(2**70), 2**70).map(lambda number: str(number).encode()),
    st.sampled_from([b"1e9", b"0x10", b"1.5", b"\xd9\xa3", b"+1", b"1_0", b"NaN", b"%00", b"", b"%2B1", b"1%0d%0aX:y"]),
    ODD,
)
TOPICS = st.one_of(
    st.lists(st.sampled_from([b"notifications", b"projects", b"dashboard", b"", b"gossip", b"%00"]), max_size=4).map(
        b",".join
    ),
    ODD,
)
PARAMETER = st.one_of(
    st.builds(lambda value: b"last_event_id=" + value, CURSOR),
    st.builds(lambda value: b"topics=" + value, TOPICS),
    st.builds(lambda value: b"user=" + value, CURSOR),
    st.builds(lambda name, value: name + b"=" + value, ODD, ODD),
    st.sampled_from([b"&&", b"topics", b"=", b";", b"#", b"%", b"%zz=%", b"?", b"+"]),
)
QUERY = st.lists(PARAMETER, max_size=4).map(lambda parts: b"?" + b"&".join(parts) if parts else b"")
METHOD = st.one_of(
    st.just(b"GET"), st.just(b"GET"), st.sampled_from([b"HEAD", b"POST", b"OPTIONS", b"TRACE", b"get", b"PRI"]), LINE
)
VERSION = st.one_of(
    st.just(b"HTTP/1.1"),
    st.just(b"HTTP/1.1"),
    st.sampled_from([b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.9", b"HTTP/9", b"FTP/1.1", b"", b"HTTP/1.1 x"]),
)
HANDSHAKE = (
    (b"Upgrade", (b"websocket", b"WebSocket", b"h2c", b"websocket, h2c", b"")),
    (b"Connection", (b"Upgrade", b"keep-alive, Upgrade", b"close", b"Upgrade, Upgrade", b"")),
    (b"Sec-WebSocket-Version", (b"13", b"8", b"0", b"13, 8", b"-1", b"x")),
    (b"Sec-WebSocket-Key", (b"dGhlIHNhbXBsZSBub25jZQ==", b"short", b"", b"\xff" * 24, b"=" * 24, b"A" * 4_000)),
    (b"Sec-WebSocket-Protocol", (b"gistagum.v1", b"gistagum.v1, gistagum.v1", b",", b"\xff", b"x" * 500)),
    (
        b"Sec-WebSocket-Extensions",
        (b"permessage-deflate", b"permessage-deflate; server_max_window_bits=99", b";;", b"x"),
    ),
    (
        b"Origin",
        (b"http://localhost", b"null", b"http://evil.example", b"\xff", b"http://[", b"http://localhost:99999"),
    ),
)
HEADER = st.one_of(
    st.sampled_from([(name, value) for name, values in HANDSHAKE for value in values]),
    st.builds(lambda value: (b"Last-Event-ID", value), CURSOR),
    st.builds(lambda value: (b"Cookie", value), ODD),
    st.builds(lambda value: (b"Cookie", b"sessionid=" + value), ODD),
    st.builds(
        lambda value: (b"Host", value),
        st.one_of(ODD, st.sampled_from([b"localhost:0", b"evil.example", b"[::1", b"a b"])),
    ),
    st.sampled_from(
        [
            (b"Accept", b"text/html"),
            (b"Accept", b"\xff;q=9"),
            (b"Accept-Encoding", b"gzip;q=x, *"),
            (b"Expect", b"100-continue"),
            (b"Expect", b"tea"),
            (b"Range", b"bytes=0-,5-1"),
            (b"X-Forwarded-Proto", b"https\x01"),
            (b"X-Forwarded-For", b"';--"),
            (b"If-Modified-Since", b"yesterday"),
            (b"Content-Type", b"multipart/form-data; boundary=" + b"x" * 300),
            (b"Content-Type", b"application/json; charset=nonsense"),
            (b"Content-Type", b"text/plain; charset=hex"),
            (b"Content-Type", b"text/plain; x*=nonsense''a"),
            (b"Authorization", b"Basic \xff"),
        ]
    ),
    st.tuples(LINE, ODD),
)
BODY = st.sampled_from(
    [
        b"\r\n",
        b"\r\n",
        b"Content-Length: 5\r\n\r\nhello",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"Content-Length: -5\r\n\r\n",
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"Content-Length: 50\r\n\r\nless",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello",
        b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\nGET /health/ HTTP/1.1\r\n\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n\r\n-1\r\n",
        b"",  # the headers do not end
        b"\r\nGET /health/ HTTP/1.1\r\nHost: localhost\r\n\r\n",  # two at once
        b"\r\n\xff\xff\x00\r\n\r\n",
    ]
)


@dataclass(frozen=True)
class Made:
    """A request. ``signed_in``: whether it has a valid session."""

    signed_in: bool
    first: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    end: bytes

    def bytes(self, cookie: str) -> bytes:
        """Return the request as bytes, with this session."""
        headers = ((b"Cookie", cookie.encode()), *self.headers) if self.signed_in else self.headers
        return self.first + b"\r\n" + b"".join(b"%s: %s\r\n" % header for header in headers) + self.end


def _handshake(odd: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return a valid handshake, changed by ``odd``."""
    names = {name for name, _ in odd}
    return [(name, values[0]) for name, values in HANDSHAKE if name not in names] + odd


REQUEST = st.builds(
    lambda signed_in, method, address, query, version, headers, host, handshake, end: Made(
        signed_in,
        b" ".join([method, address + query, version]),
        tuple(([(b"Host", b"localhost")] if host else []) + (_handshake(headers) if handshake else headers)),
        end,
    ),
    signed_in=st.booleans(),
    method=METHOD,
    address=st.one_of(st.sampled_from(STREAMS + SOCKETS), st.sampled_from(ADDRESSES)),
    query=QUERY,
    version=VERSION,
    headers=st.lists(HEADER, max_size=4),
    host=st.sampled_from([True, True, True, False]),
    handshake=st.booleans(),
    end=BODY,
)
