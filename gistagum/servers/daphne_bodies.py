"""A limit on request bodies under Daphne, which writes a request to the disk however large it is."""

import sys

from ..body_limits import REFUSAL, max_request_bytes


def limit_bodies() -> None:
    """Under Daphne: refuse a request that is too large, by its headers or as soon as it has sent too much."""
    if "daphne.server" not in sys.modules:
        return
    from daphne import http_protocol

    class Request(http_protocol.WebRequest):  # Twisted calls these methods of its IRequest
        received = 0
        refused = False

        def gotLength(self, length: int | None) -> None:
            super().gotLength(0 if length and length > max_request_bytes() else length)
            if length and length > max_request_bytes():
                self.refuse()

        def handleContentChunk(self, data: bytes) -> None:
            self.received += len(data)
            if self.received > max_request_bytes():
                self.refuse()
            if not self.refused:
                super().handleContentChunk(data)

        def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
            if not self.refused:
                super().requestReceived(command, path, version)

        def refuse(self) -> None:
            """Answer and disconnect; nothing more is read."""
            if not self.refused and self.channel is not None:
                self.refused = True
                lines = b"HTTP/1.1 413 Request Entity Too Large\r\nContent-Type: text/plain\r\nConnection: close\r\n"
                self.channel.transport.write(lines + b"Content-Length: %d\r\n\r\n" % len(REFUSAL) + REFUSAL)
                self.channel.loseConnection()

    http_protocol.WebRequest = Request
