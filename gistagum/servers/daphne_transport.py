"""Writing to Daphne's open connections at the end of a turn of the loop (gistagum/servers/batched_writes.py).

Twisted buffers what is written, asks the kernel whether the socket is writable, writes, and stops asking: three system
calls and a turn of the reactor for each write to each client. One call is enough, since the socket of a client that
keeps up is always writable.
"""

import sys
from collections.abc import Iterable
from typing import Any

from twisted.internet import tcp

from .batched_writes import batch


class BatchedServer(tcp.Server):
    """A connection whose writes are first offered to the kernel, in a batch; what the kernel does not take is buffered.

    For streams and sockets only: the headers and the body of a page are better written together.
    """

    # In slots, since three more keys would double the size of the instance's dictionary.
    __slots__ = ("_batched", "_pending", "_waits_for_kernel")

    def __init__(self, *connection: Any) -> None:
        self._batched = self._waits_for_kernel = False
        self._pending = b""  # in this turn
        super().__init__(*connection)

    def batch_writes(self, batched: bool) -> None:
        """Set whether writes are offered to the kernel at the end of the turn from now on."""
        self._write_at_once()
        self._batched = batched

    def startWriting(self) -> None:
        self._waits_for_kernel = True
        super().startWriting()

    def stopWriting(self) -> None:
        self._waits_for_kernel = False
        super().stopWriting()

    def write(self, data: bytes) -> None:
        if self._pending:  # only one write waits, so that flow control sees the rest
            self._write_at_once()
            super().write(data)
        elif self._batched and self.connected and not (self._waits_for_kernel or self.disconnecting or self.TLS):
            self._pending = data
            batch.add(self._write_at_once)
        else:
            super().write(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        if self._batched:
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
        data, self._pending = self._pending, b""
        if not data or not self.connected:
            return
        sent = self.writeSomeData(data)
        if isinstance(sent, int):  # else the connection is lost, which the reactor finds when it tries to write
            data = data[sent:]
        if data:
            super().write(data)


def batch_daphne_writes() -> None:
    """Under Daphne: use such connections. Call it before the server listens."""
    if "daphne.server" in sys.modules:
        tcp.Port.transport = BatchedServer
