"""The browser's end of a stream under a threaded WSGI server, as far as the server lets us look at it.

A thread that only writes notices a closed browser at the second write after it left, and a browser that does not
read at all blocks it for ever. Gunicorn hands its socket to the application (``gunicorn.socket``); with that, both
are seen in time. Without it (another server, or TLS in Gunicorn itself) the stream relies on its heartbeats.
"""

import select
import socket
import ssl

STALLED_SECONDS = 20.0  # a browser that takes nothing for so long is let go; it resumes when it is able to


class ClientSocket:
    """Answers two questions about the other end, without reading from it or writing to it."""

    def __init__(self, sock: socket.socket | None) -> None:
        self._socket = None if isinstance(sock, ssl.SSLSocket) else sock

    def has_left(self) -> bool:
        """Whether the other end has closed the connection."""
        if self._socket is None:
            return False
        try:
            return self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def takes_more(self) -> bool:
        """Wait until the other end takes more; ``False`` when it took nothing for ``STALLED_SECONDS``."""
        if self._socket is None:
            return True
        try:
            poll = select.poll()
            poll.register(self._socket, select.POLLOUT)
            return bool(poll.poll(STALLED_SECONDS * 1000))
        except (OSError, ValueError):  # closed under us
            return False
