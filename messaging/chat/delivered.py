"""Delivery to clients that acknowledge nothing: a message counts as delivered when an open connection was handed it."""

from typing import Any

from realtime.access.user_ids import to_json
from realtime.log.replay import LogSlice

from ..events import MessageCreated
from ..live.deliveries import deliveries
from .ends import ends_of


def note(events: LogSlice, user_id: Any) -> None:
    """Note that a connection of this person was handed these events. Returns at once."""
    got = events.encoded(_received).get(to_json(user_id))
    if got:
        deliveries.note(user_id, got)


def _received(events: LogSlice) -> dict[Any, list[int]]:
    """The ids of the messages among these events, by the one to whom they were sent."""
    found: dict[Any, list[int]] = {}
    for frame in events:
        if frame.type == MessageCreated.type and (ends := ends_of(frame)) is not None and ends[0] != ends[1]:
            found.setdefault(ends[1], []).append(frame.fields["message"]["id"])
    return found
