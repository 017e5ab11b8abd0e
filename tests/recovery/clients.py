"""Clients that treat a reset as the site's pages do, and record everything for the checker."""

from dataclasses import dataclass, field
from typing import Any

from realtime.access.audience import user_key
from tests.support.reconnecting_clients import ReconnectingClient

from .checker import Record, Segment


@dataclass(kw_only=True)
class RecordingClient(ReconnectingClient):
    """One browser, on one transport for good. It goes on from a reset where the server says that it stands."""

    name: str
    kind: str
    follows_server: bool = True
    segments: list[Segment] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)  # of its resets
    _told: int | None = None  # the last cursor on this connection

    def __post_init__(self) -> None:
        self.segments.append(Segment(self.cursor))

    @property
    def transports(self) -> tuple[str, ...]:
        """Its own."""
        return (self.kind,)

    def before_connect(self) -> None:
        """A new connection has told nothing yet."""
        self._told = None

    def take(self, frame: dict[str, Any]) -> None:
        """Record a frame, and move the cursor."""
        if frame["type"] == "reset":
            self.reasons.append(frame["reason"])
            # A stream and a socket say where it stands before the reset, the response of a poll after it.
            told = None if self.kind == "poll" else self._told
            self.cursor = told or 0
            self.segments.append(Segment(told))
        elif frame["type"] == "cursor":
            self._move(frame["cursor"])
        elif "id" in frame and "at" in frame:
            if frame["id"] > self.cursor:  # else it has handled it, as after a resume
                envelope = {name: value for name, value in frame.items() if name != "id"}
                self.segments[-1].events.append((frame["id"], envelope))
            self._move(frame["id"])
        else:
            super().take(frame)

    def _move(self, cursor: int) -> None:
        self._told = cursor
        self.cursor = max(self.cursor, cursor)
        if self.segments[-1].cursor is None:
            self.segments[-1].cursor = cursor

    def record(self) -> Record:
        """What the checker needs to know."""
        return Record(self.name, [user_key(self.user_id), "projects"], self.segments, self.cursor)

    def messages(self) -> list[str]:
        """The notifications that it received since the last reset."""
        return [envelope["message"] for _, envelope in self.segments[-1].events if "message" in envelope]
