"""A client of clamd, the daemon of ClamAV: its INSTREAM command, which sends a file over the connection."""

import logging
import socket
import struct
import time
from typing import IO
from urllib.parse import urlsplit

from .verdicts import Outcome, Verdict

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 2.0
TOTAL_SECONDS = 20.0  # for one file, with everything
CHUNK = 2**16
LONGEST_ANSWER = 4096


class Clamd:
    """Scans with the clamd at an address: the path of its socket, or ``tcp://host:port``."""

    def __init__(self, address: str) -> None:
        self.address = address

    def scan(self, file: IO[bytes]) -> Verdict:
        """Return clamd's verdict; ``UNKNOWN`` where it is away, too slow, or answers anything unexpected."""
        file.seek(0)
        try:
            answer = self._asked(file, time.monotonic() + TOTAL_SECONDS)
        except (OSError, ValueError) as fault:
            logger.warning("The malware scanner does not answer: %s", fault or type(fault).__name__)
            return Verdict(Outcome.UNKNOWN, "The scanner does not answer.")
        finally:
            file.seek(0)
        if answer == "stream: OK":
            return Verdict(Outcome.CLEAN)
        if answer.startswith("stream: ") and answer.endswith(" FOUND"):
            return Verdict(Outcome.INFECTED, answer.removeprefix("stream: ").removesuffix(" FOUND"))
        logger.warning("The malware scanner cannot scan a file: %s", answer[:200])
        return Verdict(Outcome.UNKNOWN, answer[:200])

    def _asked(self, file: IO[bytes], deadline: float) -> str:
        with self._connected() as connection:
            _send(connection, b"zINSTREAM\0", deadline)
            try:
                while chunk := file.read(CHUNK):
                    _send(connection, struct.pack(">L", len(chunk)) + chunk, deadline)
                _send(connection, struct.pack(">L", 0), deadline)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has ended the stream, over its size limit, and its answer says so
            answer = b""
            while b"\0" not in answer and len(answer) < LONGEST_ANSWER:
                connection.settimeout(_left(deadline))
                received = connection.recv(LONGEST_ANSWER)
                if not received:
                    break
                answer += received
        return answer.partition(b"\0")[0].decode("utf-8", errors="replace").strip()

    def _connected(self) -> socket.socket:
        if "://" in self.address:
            parts = urlsplit(self.address)
            return socket.create_connection((parts.hostname or "", parts.port or 3310), CONNECT_SECONDS)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(CONNECT_SECONDS)
        try:
            connection.connect(self.address)
        except OSError:
            connection.close()
            raise
        return connection


def _send(connection: socket.socket, data: bytes, deadline: float) -> None:
    connection.settimeout(_left(deadline))
    connection.sendall(data)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError(f"not within {TOTAL_SECONDS:g} seconds")
    return left
