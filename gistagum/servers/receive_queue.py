"""Where what a client says waits for the application, in place of a server's ``asyncio.Queue``.

That takes three kilobytes while it is empty, as it is for hours with those who only listen.
"""

import asyncio
from typing import Any


class Inbox:
    """As much of a queue as servers use of theirs. For one reader, in the loop of whoever puts something there."""

    __slots__ = ("_messages", "_reader")

    def __init__(self, queue: asyncio.Queue) -> None:
        """Takes over what waits in ``queue``, from which nobody must be reading."""
        self._reader: asyncio.Future | None = None
        self._messages: list[Any] = []
        while not queue.empty():
            self._messages.append(queue.get_nowait())

    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._messages

    def put_nowait(self, message: Any) -> None:
        """Add a message, and wake who waits for one."""
        self._messages.append(message)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> Any:
        """The next message, when it is there. Raises RuntimeError where somebody waits for it already."""
        if self._reader is not None:
            raise RuntimeError("Only one may read what a client says.")
        while not self._messages:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._messages.pop(0)
