"""What the direct writers share: each frame is encoded once, and writes are batched by turn of the event loop."""

import asyncio
import struct
from collections.abc import Callable
from functools import lru_cache


class WriteBatch:
    """Writes that are carried out together at the end of this turn of the loop.

    Successive system calls cost less than calls with other work between them, during which the receiving process would
    fall asleep and have to be woken again.
    """

    def __init__(self) -> None:
        self._writes: list[Callable[[], None]] = []

    def add(self, write: Callable[[], None]) -> None:
        """Call ``write`` at the end of this turn. What it raises goes to the loop's exception handler."""
        if not self._writes:
            asyncio.get_running_loop().call_soon(self._flush)
        self._writes.append(write)

    def _flush(self) -> None:
        writes, self._writes = self._writes, []
        for write in writes:
            try:
                write()
            except Exception as error:  # noqa: BLE001 (the other connections must still be written to)
                context = {"message": "A client could not be written to.", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)


batch = WriteBatch()


@lru_cache(maxsize=32)
def framed(text: str) -> bytes:
    """A text as a WebSocket frame: the same bytes for all clients, since servers do not mask frames.
    https://www.rfc-editor.org/rfc/rfc6455#section-5.2"""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload


@lru_cache(maxsize=32)
def chunked(data: bytes) -> bytes:
    """A part of a stream as an HTTP chunk, likewise encoded once for all clients.
    https://www.rfc-editor.org/rfc/rfc9112#section-7.1"""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""  # an empty chunk would be the end of the stream
