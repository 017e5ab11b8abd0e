"""Delivery to clients that acknowledge nothing: a message counts as delivered when an open connection was handed it.

It is noted where the frames are written, which must not wait for the database, and stored in the background.
"""

import logging
import threading
from types import SimpleNamespace
from typing import Any

from django.db import DatabaseError

from realtime.access.user_ids import to_json
from realtime.delivery.reader import Reader
from realtime.log.replay import LogSlice

from ..events import MessageCreated
from ..receipts import mark_delivered
from .ends import ends_of

logger = logging.getLogger(__name__)

MOST_NOTED = 50_000  # messages that wait to be stored; further ones are delivered when they are read
AT_ONCE = 500  # messages of one person in one statement


class Deliveries:
    """What was handed over and is not stored yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._noted: dict[Any, set[int]] = {}
        self._number = 0
        self._storing = False
        self._background = Reader()

    def note(self, events: LogSlice, user_id: Any) -> None:
        """Note that a connection of this person was handed these events. Returns at once."""
        got = events.encoded(_received).get(to_json(user_id))
        if not got:
            return
        with self._lock:
            if self._number >= MOST_NOTED:
                return
            theirs = self._noted.setdefault(user_id, set())
            before = len(theirs)
            theirs.update(got)
            self._number += len(theirs) - before
            if self._storing:
                return
            self._storing = True
        self._background.submit(None, self._store)

    def _store(self) -> None:
        while True:
            with self._lock:
                if not self._noted:
                    self._storing = False
                    return
                user_id, ids = self._noted.popitem()
                self._number -= len(ids)
            ordered = sorted(ids)
            for begin in range(0, len(ordered), AT_ONCE):
                try:
                    mark_delivered(SimpleNamespace(pk=user_id), ordered[begin : begin + AT_ONCE])
                except DatabaseError as error:  # they are delivered when they are read
                    logger.warning("Deliveries were not stored: %s: %s", type(error).__name__, error)


deliveries = Deliveries()


def note(events: LogSlice, user_id: Any) -> None:
    """Note that a connection of this person was handed these events. Returns at once."""
    deliveries.note(events, user_id)


def _received(events: LogSlice) -> dict[Any, list[int]]:
    """The ids of the messages among these events, by the one to whom they were sent."""
    found: dict[Any, list[int]] = {}
    for frame in events:
        if frame.type == MessageCreated.type and (ends := ends_of(frame)) is not None and ends[0] != ends[1]:
            found.setdefault(ends[1], []).append(frame.fields["message"]["id"])
    return found
