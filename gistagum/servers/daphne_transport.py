"""How Daphne's open connections are written to: at the end of a turn of the loop, in a row (gistagum/servers/batched_writes.py).

Twisted puts what is written into a buffer, asks the kernel to be told when the socket takes something, writes then, and
asks not to be told any more: three system calls and a turn of the reactor for each write to each client. One does,
since the socket of a client that keeps up always takes something.
"""

import sys
from collections.abc import Iterable
from typing import Any

from twisted.internet import tcp

from .batched_writes import row


class PromptServer(tcp.Server):
    """A connection that, while it is ``prompt``, is first offered to the kernel; what that does not take is buffered.

    For streams and sockets alone: of a page, headers and body are better written together.
    """

    __slots__ = ("_prompt", "_said", "_waits_for_kernel")  # three more in its dictionary would double that

    def __init__(self, *connection: Any) -> None:
        self._prompt = self._waits_for_kernel = False
        self._said = b""  # in this turn
        super().__init__(*connection)

    def be_prompt(self, prompt: bool) -> None:
        """Whether what is written from now on is offered to the kernel at the end of the turn."""
        self._write_at_once()
        self._prompt = prompt

    def startWriting(self) -> None:
        self._waits_for_kernel = True
        super().startWriting()

    def stopWriting(self) -> None:
        self._waits_for_kernel = False
        super().stopWriting()

    def write(self, data: bytes) -> None:
        if self._said:  # one write waits, not more: else nobody would notice how much it is
            self._write_at_once()
            super().write(data)
        elif self._prompt and self.connected and not (self._waits_for_kernel or self.disconnecting or self.TLS):
            self._said = data
            row.add(self._write_at_once)
        else:
            super().write(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        if self._prompt:
            self.write(b"".join(iovec))
        else:
            super().writeSequence(iovec)

    def loseConnection(self) -> None:
        self._write_at_once()
        super().loseConnection()

    def unregisterProducer(self) -> None:
        self._write_at_once()  # Twisted may end the connection then, if nothing is left to be written
        super().unregisterProducer()

    def _write_at_once(self) -> None:
        data, self._said = self._said, b""
        if not data or not self.connected:
            return
        sent = self.writeSomeData(data)
        if isinstance(sent, int):  # else the connection is lost, which the reactor finds when it tries to write
            data = data[sent:]
        if data:
            super().write(data)


def write_in_a_row() -> None:
    """Under Daphne: let its connections be such. To be called before it listens."""
    if "daphne.server" in sys.modules:
        tcp.Port.transport = PromptServer
