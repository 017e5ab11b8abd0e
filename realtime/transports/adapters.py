"""Adapters: the one envelope in the shapes of other clients, at the door and nowhere else.

An adapter turns an event of the log, or a frame without id, into named frames: none, one or several. SSE writes them
with ``event:`` lines, WebSocket as objects with ``type``. What an adapter makes of a slice of the log is encoded once
for everybody of the same scope.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from ..delivery.protocol import Send
from ..log.events import to_json
from ..log.replay import Frame, LogSlice

STATES = 512  # frames without id of which an adapter remembers what it made

Encoded = TypeVar("Encoded")


class NamedFrame(NamedTuple):
    """A frame in another shape: its name, and its data."""

    name: str
    data: dict[str, Any]

    @property
    def typed(self) -> str:
        """It as one JSON object, with the name as ``type``."""
        return to_json({"type": self.name, **self.data})


class Adapter:
    """Base of the adapters. It makes nothing of anything; subclasses say what a kind of client understands.

    One object serves every connection of its door, so it keeps nothing about any of them. ``heartbeat_seconds``:
    seconds between two heartbeats, on a clock of their own. ``retry_ms``: the range from which an SSE stream's
    ``retry:`` is taken.
    """

    heartbeat_seconds: float | None = None
    retry_ms: tuple[int, int] = (3_000, 3_000)

    def __init__(self) -> None:
        self._read = lru_cache(maxsize=STATES)(self._frames_of_state)

    def opening(self, user_id: Any) -> Iterable[NamedFrame]:
        """The frames that a connection of this person begins with."""
        return ()

    def scope(self, events: LogSlice, user_id: Any) -> Hashable:
        """What of this person ``event`` depends on in these events. People of equal scopes share the frames.

        It is asked for each connection, so it must be cheap: ``events.encoded`` keeps what depends on the events alone.
        """
        return None

    def event(self, frame: Frame, scope: Hashable) -> Iterable[NamedFrame]:
        """What becomes of an event of the log."""
        return ()

    def state(self, frame: dict[str, Any]) -> Iterable[NamedFrame]:
        """What becomes of a frame without id: a state, an ephemeral message, a ``reset``."""
        return ()

    def heartbeat(self) -> Iterable[NamedFrame]:
        """The frames of a heartbeat."""
        return ()

    def ending(self, reason: str) -> Iterable[NamedFrame]:
        """The last frames, before the server ends a connection. ``reason`` is empty when the server stops."""
        return ()

    def sent(self, events: LogSlice, user_id: Any) -> None:
        """Called when these events were handed to a connection of this person. It must not block or raise."""

    # --- what the transports use --------------------------------------------------------------------------------

    def encoded(self, events: LogSlice, user_id: Any, encode: Callable[["Made"], Encoded]) -> Encoded:
        """What ``encode`` makes of these events, computed once for everybody of the same scope."""
        scope = self.scope(events, user_id)
        key = (self, encode, scope)
        if key not in events.memo:
            events.memo[key] = encode([(frame.id, list(self.event(frame, scope))) for frame in events])
        shared: Encoded = events.memo[key]
        return shared

    def others(self, step: Send, opened: bool) -> list[NamedFrame]:
        """The frames of a step that come after its events. ``opened``: the opening frames were sent before."""
        frames = list[NamedFrame]()
        if not step.last:
            for text in step.states:
                frames += self.of_state(text)
        if step.beat and opened:
            frames += self.heartbeat()
        if step.last:
            frames += self.ending(step.ending)
        return frames

    def of_state(self, text: str) -> tuple[NamedFrame, ...]:
        """What becomes of a frame without id, given as JSON."""
        return self._read(text)

    def _frames_of_state(self, text: str) -> tuple[NamedFrame, ...]:
        return tuple(self.state(json.loads(text)))


Made = Sequence[tuple[int, list[NamedFrame]]]
