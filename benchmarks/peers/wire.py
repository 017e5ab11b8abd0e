"""Publishes events to a floor server over one connection, as lines of JSON."""

import json
import os
import socket
import time


def lines_port() -> int:
    """Return the port on which a floor server receives events, which is next to its own."""
    return int(os.environ["BENCH_PORT"]) + 1


class LinePublisher:
    """Writes events to a floor server."""

    def __init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", lines_port()), 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def one(self, event: dict) -> float:
        """Send one event, and return the time of the simulated commit."""
        committed = time.monotonic()
        self._socket.sendall(json.dumps(event).encode() + b"\n")
        return committed

    def burst(self, events: list[dict]) -> None:
        """Send many events together."""
        self._socket.sendall(b"".join(json.dumps(event).encode() + b"\n" for event in events))
