"""The messages of a WebSocket: the envelope as it is, or objects that an adapter made of it."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from ..delivery.protocol import Send
from ..log.events import to_json
from ..log.replay import LogSlice
from .adapters import Adapter, Made

PIECE = 128 * 1024  # characters in one array, as far as single frames allow: a slow client is waited for in between


class Encoder:
    """Encodes steps as messages and remembers the cursor that the client has been sent.

    ``batches``: the client takes several frames as one JSON array.
    """

    __slots__ = ("_batches", "_cursor")

    def __init__(self, batches: bool) -> None:
        self._batches = batches
        self._cursor: int | None = None

    def encode(self, step: Send) -> tuple[str, ...]:
        """The messages of a step."""
        if step.events:
            self._cursor = step.events[-1].id
            if self._batches and self._cursor == step.cursor and not step.states:
                return step.events.encoded(_as_arrays)
        others = []
        if self._cursor != step.cursor or not (step.events or step.states):
            # As a bare id does on SSE, the cursor moves past events that are not for this client. Also the heartbeat.
            others.append(to_json({"type": "cursor", "cursor": step.cursor}))
            self._cursor = step.cursor
        if self._batches and not others and not step.events:
            return _states_as_arrays(step.states)
        others += step.states
        if not self._batches:
            return (*(frame.json for frame in step.events), *others)
        return tuple(_arrays([*(frame.json for frame in step.events), *others]))


class NamedEncoder:
    """Encodes steps in the shape of an adapter: each makes no message, one or several.

    ``numbered``: the last frame of an event also has the event's id, as ``event_id``, for clients that resume.
    """

    __slots__ = ("_adapter", "_encode", "_opened", "_user_id")

    def __init__(self, adapter: Adapter, user_id: Any, *, numbered: bool = False) -> None:
        self._adapter, self._user_id = adapter, user_id
        self._encode = _typed_and_numbered if numbered else _typed
        self._opened = False

    def encode(self, step: Send) -> tuple[str, ...]:
        """The messages of a step."""
        adapter, opened = self._adapter, self._opened
        self._opened = True
        texts = () if opened else tuple(frame.typed for frame in adapter.opening(self._user_id))
        if step.events:
            texts += adapter.encoded(step.events, self._user_id, self._encode)
        return texts + tuple(frame.typed for frame in adapter.others(step, opened))


def _typed(made: Made) -> tuple[str, ...]:
    return tuple(frame.typed for _, frames in made for frame in frames)


def _typed_and_numbered(made: Made) -> tuple[str, ...]:
    texts: list[str] = []
    for number, frames in made:
        texts += [frame.typed for frame in frames[:-1]]
        texts += [frame._replace(data={**frame.data, "event_id": number}).typed for frame in frames[-1:]]
    return tuple(texts)


def _as_arrays(events: LogSlice) -> tuple[str, ...]:
    return tuple(_arrays([frame.json for frame in events]))


@lru_cache(maxsize=32)  # states that many see are the same texts, and large if they hold the regions of a page
def _states_as_arrays(states: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_arrays(states))


def _arrays(frames: Iterable[str]) -> Iterator[str]:
    """The frames as JSON arrays, in order, each of ``PIECE`` characters at most (but with one frame at least)."""
    piece: list[str] = []
    size = 0
    for text in frames:
        if piece and size + len(text) > PIECE:
            yield f"[{','.join(piece)}]"
            piece, size = [], 0
        piece.append(text)
        size += len(text) + 1
    yield f"[{','.join(piece)}]"
