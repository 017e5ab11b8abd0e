"""A client that sends arbitrary bytes to a server and reads the response, within a time limit."""

import contextlib
import socket
import time
from urllib.parse import urlsplit

from tests.support.site import Site


class Raw:
    """A plain connection to a site."""

    def __init__(self, site: Site, seconds: float = 10.0) -> None:
        parts = urlsplit(site.url)
        self.seconds = seconds
        self.closed = False  # whether the server has closed the connection
        self._heard_all = False
        self.heard = b""
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=seconds)

    def say(self, data: bytes) -> int:
        """Send data, and return how many bytes were sent before the server closed or stopped reading."""
        said = 0
        try:
            while said < len(data):
                said += self._socket.send(data[said : said + 2**16])
        except OSError:
            self.closed = True
        return said

    def hear(self, enough=lambda heard: False, seconds: float | None = None) -> bytes:
        """Return everything received until ``enough(data)``, the end of the connection, or the time limit.

        A server may respond and close while data is still sent to it. Its response is then there to be read, although
        sending failed.
        """
        deadline = time.monotonic() + (self.seconds if seconds is None else seconds)
        while not enough(self.heard) and not self._heard_all and (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(2**16)
            except TimeoutError:
                break
            except OSError:
                data = b""
            if not data:
                self.closed = self._heard_all = True
            self.heard += data
        return self.heard

    def done(self) -> None:
        """Shut down the sending side."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()


def status_of(answer: bytes) -> int | None:
    """Return the status of the first response, or ``None`` if the data does not begin with one."""
    words = answer.split(b"\r\n", 1)[0].split(b" ", 2)
    return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/1.") and words[1].isdigit() else None
