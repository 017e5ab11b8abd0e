"""Clients that write down everything they get, and by which session they got it."""

import time
from array import array
from dataclasses import dataclass, field
from typing import Any

from tests.support.reconnecting_clients import Follower


class Seen:
    """Every event that any client got, once: all must have got the same of it, by whatever way."""

    def __init__(self) -> None:
        self.frames: dict[int, dict[str, Any]] = {}
        self.differing: list[str] = []  # in words

    def note(self, frame: dict[str, Any], who: str) -> None:
        """Compare what ``who`` got with what others got under the same id."""
        known = self.frames.setdefault(frame["id"], frame)
        if known != frame:
            self.differing.append(f"{who} got {frame} where another got {known}")


@dataclass(kw_only=True)
class Client(Follower):
    """One browser, on one way into the site. It ignores what it has, as the pages do: an id not above its cursor."""

    name: str
    kind: str  # websocket, sse, poll, or either: as the site says
    seen: Seen
    obeys: bool = True
    ids: array = field(default_factory=lambda: array("q"))  # the events it handled, in order
    again: int = 0  # came once more after a resume, and was ignored
    late: list[int] = field(default_factory=list)  # never handled, and below the cursor: too late
    resets: list[str] = field(default_factory=list)
    sessions: list[tuple[int, str]] = field(default_factory=list)  # from which place in ``ids`` on, by which cookie
    times: array = field(default_factory=lambda: array("d"))  # when each of ``ids`` came, monotonic
    opened: array = field(default_factory=lambda: array("d"))  # when it tried to connect, monotonic
    _next_cookie: str = ""
    _handled: set[int] = field(default_factory=set)  # the newest of ``ids``

    @property
    def ways(self) -> tuple[str, ...]:
        """Its own transport, or what the site says."""
        return super().ways if self.kind == "either" else (self.kind,)

    def signs_in(self, cookie: str) -> None:
        """Use this session from the next connection on. The one that is open lives as long as the site lets it."""
        self._next_cookie = cookie

    def opens(self) -> None:
        """Note the session that is used from here on."""
        self.opened.append(time.monotonic())
        self.cookie = self._next_cookie or self.cookie
        if not self.sessions or self.sessions[-1][1] != self.cookie:
            self.sessions.append((len(self.ids), self.cookie))

    def take(self, frame: dict[str, Any]) -> None:
        """Write it down."""
        if frame["type"] == "reset":
            self.resets.append(frame["reason"])
        elif "id" in frame and "at" in frame:
            self.seen.note(frame, self.name)
            if frame["id"] > self.cursor:
                self.ids.append(frame["id"])
                self.times.append(time.monotonic())
                self._remember(frame["id"])
                self.cursor = frame["id"]
            elif frame["id"] in self._handled:
                self.again += 1
            else:
                self.late.append(frame["id"])
        else:
            super().take(frame)

    def _remember(self, event_id: int) -> None:
        self._handled.add(event_id)
        if len(self._handled) > 20_000:  # far more than a resume goes back
            self._handled = set(self.ids[-10_000:])
