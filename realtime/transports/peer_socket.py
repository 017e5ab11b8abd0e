"""The state of the browser's connection under a threaded WSGI server.

A thread that only writes notices a closed connection at its second write, and a browser that does not read blocks the
thread for ever. Gunicorn hands its socket to the application (``gunicorn.socket``), which shows both in time. Without
the socket (under another server, or with TLS in Gunicorn itself) a stream relies on its heartbeats.
"""

import select
import socket
import ssl

STALLED_SECONDS = 20.0  # a browser that reads nothing for so long is disconnected; it resumes when it can


class PeerSocket:
    """Asks the socket about the other end, without reading from it or writing to it."""

    def __init__(self, sock: socket.socket | None) -> None:
        self._socket = None if isinstance(sock, ssl.SSLSocket) else sock

    def peer_closed(self) -> bool:
        """Whether the other end has closed the connection."""
        if self._socket is None:
            return False
        try:
            return self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def wait_writable(self) -> bool:
        """Wait until the socket takes more bytes; ``False`` when it took none for ``STALLED_SECONDS``."""
        if self._socket is None:
            return True
        try:
            poll = select.poll()
            poll.register(self._socket, select.POLLOUT)
            return bool(poll.poll(STALLED_SECONDS * 1000))
        except (OSError, ValueError):  # closed under us
            return False
