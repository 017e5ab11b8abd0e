"""Clients that record every event that they receive, and the session with which they received it."""

import time
from array import array
from dataclasses import dataclass, field
from typing import Any

from tests.support.reconnecting_clients import ReconnectingClient


class ReceivedEvents:
    """The contents of every event as first received. All clients must receive the same, on every transport."""

    def __init__(self) -> None:
        self.frames: dict[int, dict[str, Any]] = {}
        self.differing: list[str] = []  # as text

    def compare(self, frame: dict[str, Any], who: str) -> None:
        """Compare a frame that ``who`` received with that of other clients under the same id."""
        known = self.frames.setdefault(frame["id"], frame)
        if known != frame:
            self.differing.append(f"{who} got {frame} where another got {known}")


@dataclass(kw_only=True)
class Client(ReconnectingClient):
    """One browser on one route into the site. Like the pages, it ignores ids that are not above its cursor."""

    name: str
    kind: str  # websocket, sse, poll, or either: as the site assigns
    received: ReceivedEvents
    follows_server: bool = True
    ids: array = field(default_factory=lambda: array("q"))  # the handled events, in order
    duplicates: int = 0  # received again after a resume, and ignored
    late: list[int] = field(default_factory=list)  # below the cursor and not handled before: too late
    resets: list[str] = field(default_factory=list)
    sessions: list[tuple[int, str]] = field(default_factory=list)  # (index into ``ids`` from which it applies, cookie)
    times: array = field(default_factory=lambda: array("d"))  # monotonic arrival times of ``ids``
    opened: array = field(default_factory=lambda: array("d"))  # monotonic times of attempts to connect
    _next_cookie: str = ""
    _handled: set[int] = field(default_factory=set)  # the newest of ``ids``

    @property
    def transports(self) -> tuple[str, ...]:
        """Its own transport, or the one that the site assigns."""
        return super().transports if self.kind == "either" else (self.kind,)

    def use_session(self, cookie: str) -> None:
        """Use this session from the next connection on. An open connection continues until the site closes it."""
        self._next_cookie = cookie

    def before_connect(self) -> None:
        """Record the session that is used from here on."""
        self.opened.append(time.monotonic())
        self.cookie = self._next_cookie or self.cookie
        if not self.sessions or self.sessions[-1][1] != self.cookie:
            self.sessions.append((len(self.ids), self.cookie))

    def take(self, frame: dict[str, Any]) -> None:
        """Record a frame, and move the cursor."""
        if frame["type"] == "reset":
            self.resets.append(frame["reason"])
        elif "id" in frame and "at" in frame:
            self.received.compare(frame, self.name)
            if frame["id"] > self.cursor:
                self.ids.append(frame["id"])
                self.times.append(time.monotonic())
                self._remember(frame["id"])
                self.cursor = frame["id"]
            elif frame["id"] in self._handled:
                self.duplicates += 1
            else:
                self.late.append(frame["id"])
        else:
            super().take(frame)

    def _remember(self, event_id: int) -> None:
        self._handled.add(event_id)
        if len(self._handled) > 20_000:  # far more than a resume repeats
            self._handled = set(self.ids[-10_000:])
