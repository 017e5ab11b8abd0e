"""The bytes of Server-Sent Events: the envelope as it is, or named frames that an adapter made of it."""

import random
from functools import lru_cache
from typing import Any

from ..delivery.protocol import Send
from ..log.events import to_json
from ..log.replay import LogSlice
from .adapters import Adapter, Made, NamedFrame

RETRY_MS = (1_000, 6_000)  # browsers come back spread over this range


def _joined(events: LogSlice) -> bytes:
    return b"".join(frame.sse for frame in events)


@lru_cache(maxsize=32)  # a state that many see is one text, and large if it holds the regions of a page
def _state(text: str) -> bytes:
    return f"data: {text}\n\n".encode()


class Encoder:
    """Encodes steps as bytes and remembers the id that the browser has been sent."""

    def __init__(self) -> None:
        self._cursor: int | None = None

    def encode(self, send: Send) -> bytes:
        """The bytes of one write: events with their ids, then frames without."""
        parts: list[bytes] = []
        if self._cursor is None:
            parts.append(b"retry: %d\n" % random.randint(*RETRY_MS))
        if send.events:
            parts.append(send.events.encoded(_joined))
            self._cursor = send.events[-1].id
        if not send.events and not send.states and not send.last:
            parts.append(b": heartbeat\n")
        if self._cursor != send.cursor:
            # A block without data: no event for the page, but the browser's cursor moves past what is not for it.
            parts.append(b"id: %d\n" % send.cursor)
            self._cursor = send.cursor
            parts.append(b"\n")
        elif parts and not parts[-1].endswith(b"\n\n"):
            parts.append(b"\n")
        parts.extend(map(_state, send.states))
        return b"".join(parts)

    def failed(self) -> bytes:
        """The last bytes of a stream whose reading failed."""
        return b'data: {"type":"error","message":"The server cannot read its data just now."}\n\n'


class NamedEncoder(Encoder):
    """Encodes steps as frames with ``event:`` lines, in the shape of an adapter.

    The id of an event stands in the last of its frames, so that a client that got only some of them gets all again.
    """

    def __init__(self, adapter: Adapter, user_id: Any) -> None:
        super().__init__()
        self._adapter, self._user_id = adapter, user_id

    def encode(self, send: Send) -> bytes:
        adapter, opened = self._adapter, self._cursor is not None
        opening = [] if opened else list(adapter.opening(self._user_id))
        others = adapter.others(send, opened)
        parts: list[bytes] = []
        if send.events:
            parts.extend(map(_block, opening))
            parts.append(adapter.encoded(send.events, self._user_id, _named))
            self._cursor = send.events[-1].id
        else:
            others = opening + others
        if self._cursor != send.cursor:
            first = others.pop(0) if others else None
            parts.append(b"id: %d\n\n" % send.cursor if first is None else _block(first, send.cursor))
            self._cursor = send.cursor
        parts.extend(map(_block, others))
        if not opened:  # part of the first block, since some clients take each block for a frame
            parts.insert(0, b"retry: %d\n" % random.randint(*adapter.retry_ms))
        return b"".join(parts)

    def failed(self) -> bytes:
        return b"".join(map(_block, self._adapter.ending("")))


def _block(frame: NamedFrame, number: int | None = None) -> bytes:
    line = "" if number is None else f"id: {number}\n"
    return f"{line}event: {frame.name}\ndata: {to_json(frame.data)}\n\n".encode()


def _named(made: Made) -> bytes:
    parts: list[bytes] = []
    for number, frames in made:
        parts.extend(map(_block, frames[:-1]))
        parts.append(_block(frames[-1], number) if frames else b"id: %d\n\n" % number)
    return b"".join(parts)
