"""People of the office in conversations: they write by the services and by HTTP, at every server, under every fault.

Their clients, of every kind that the chat has known and of ours, come in by every way there is. A socket of the chat
that finds Gunicorn takes the stream instead.
"""

from contextlib import ExitStack
from typing import Any

from tests.support.conversed import Conversed
from tests.support.conversing import Circle, RequestWriter, ServiceWriter, Writer
from tests.support.people import person
from tests.support.ports import wait_until

CONNECT_SECONDS = 60


class Conversations:
    """Four people who write to each other at the ``urls`` of the site, and somebody outside, until ``finish``."""

    def __init__(self, urls: list[str], seed: int) -> None:
        self.counts: dict[str, int] = {}
        self.connections: dict[str, int] = {}
        circle = Circle([person() for _ in range(4)], person())
        self._conversed = Conversed(circle, urls, delivers_surely=False)
        self._writers: list[Writer] = []
        self._ended = False
        try:
            wait_until(
                lambda: not self._conversed.disconnected(), "the conversations' clients connect", CONNECT_SECONDS
            )
        except BaseException:
            self.close()
            raise
        self._writers = [ServiceWriter(circle, "service", seed), RequestWriter(circle, "request", seed, urls)]

    def stop_writing(self) -> None:
        """End the writing. Raise what went wrong meanwhile."""
        with ExitStack() as stack:
            while self._writers:
                stack.callback(self._writers.pop().stop)

    def finish(self, url: str) -> list[str]:
        """Wait until everything was told, end the clients, and return what must not be. Sets the counts."""
        self._ended = True
        found: dict[str, Any] = self._conversed.finish(url, 60)
        self.connections = found.pop("connections")
        faults: list[str] = found.pop("faults")
        self.counts = found
        return faults

    def close(self) -> None:
        """End everything, in whatever state it is."""
        with ExitStack() as stack:
            if not self._ended:
                stack.callback(self._conversed.clients.stop)
            stack.callback(self.stop_writing)
