"""What the servers' outlets have in common (realtime/delivery/driver.py): what is said is framed once, and leaves in a row."""

import asyncio
import struct
from collections.abc import Callable
from functools import lru_cache


class Row:
    """What is to be written at the end of this turn of the loop, one after another.

    In a row these system calls cost less than with other work between them: meanwhile the other end would fall asleep,
    and have to be woken.
    """

    def __init__(self) -> None:
        self._writes: list[Callable[[], None]] = []

    def add(self, write: Callable[[], None]) -> None:
        """Call ``write`` at the end of this turn. What it raises is told to the loop's exception handler."""
        if not self._writes:
            asyncio.get_running_loop().call_soon(self._leave)
        self._writes.append(write)

    def _leave(self) -> None:
        writes, self._writes = self._writes, []
        for write in writes:
            try:
                write()
            except Exception as error:  # noqa: BLE001 (others of the same row must still be written to)
                context = {"message": "A client could not be written to.", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)


row = Row()


@lru_cache(maxsize=32)
def framed(text: str) -> bytes:
    """A text as a WebSocket frame: the same bytes for all who are told the same, since servers mask nothing.
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
    """A piece of a stream as a chunk, likewise made once for all who are told the same.
    https://www.rfc-editor.org/rfc/rfc9112#section-7.1"""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""  # an empty chunk would be the end of the stream
