"""A receive queue that is small while it is empty, in place of a server's ``asyncio.Queue``.

An empty ``asyncio.Queue`` takes three kilobytes, for hours, on each connection whose client never sends anything.
"""

import asyncio
from typing import Any


class ReceiveQueue:
    """The methods of ``asyncio.Queue`` that servers use. For one reader, in the loop of the writer."""

    __slots__ = ("_messages", "_reader")

    def __init__(self, queue: asyncio.Queue) -> None:
        """Take over the messages of ``queue``, from which nobody may be reading."""
        self._reader: asyncio.Future | None = None
        self._messages: list[Any] = []
        while not queue.empty():
            self._messages.append(queue.get_nowait())

    def empty(self) -> bool:
        """Whether no message waits."""
        return not self._messages

    def put_nowait(self, message: Any) -> None:
        """Add a message and wake the reader."""
        self._messages.append(message)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> Any:
        """The next message. Raises RuntimeError where another reader waits already."""
        if self._reader is not None:
            raise RuntimeError("Only one may read what a client says.")
        while not self._messages:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._messages.pop(0)
