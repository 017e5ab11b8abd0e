"""What was handed to connections, or acknowledged by clients, is stored in the background, for everybody at once.

A client that acknowledges sends ``{"type": "ack", "ids": [...]}`` with the ids of events. For one that never does, a
message counts as delivered once an open connection was handed it (``note``). Neither waits for the database.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.db import DatabaseError, connection

from realtime.access.user_ids import UserId
from realtime.delivery.hub import hub
from realtime.log.models import Event

from .. import delivered
from ..events import MessageCreated

logger = logging.getLogger(__name__)

GATHER_SECONDS = 0.2  # what comes within this time is stored together
MOST_WAITING = 50_000  # ids; further ones are left out, and their messages are delivered when they are read
AT_ONCE = 2_000  # ids in one transaction

Waiting = dict[UserId, set[int]]


class Deliveries:
    """What waits to be stored."""

    def __init__(self, store: Callable[[Waiting, Waiting], None] | None = None) -> None:
        """``store`` is given ids of messages and ids of events, both by person; by default, it writes to the tables."""
        self._store = store or store_deliveries
        self._lock = threading.Lock()
        self._messages: Waiting = {}
        self._events: Waiting = {}
        self._number = 0
        self._thread: threading.Thread | None = None

    def note(self, person_id: UserId, message_ids: Collection[int]) -> None:
        """A connection of this person was handed these messages. Returns at once."""
        self._add(self._messages, person_id, message_ids)

    def acknowledge(self, person_id: UserId, event_ids: Collection[int]) -> None:
        """A client of this person has received these events. Returns at once."""
        self._add(self._events, person_id, event_ids)

    def _add(self, waiting: Waiting, person_id: UserId, ids: Iterable[int]) -> None:
        with self._lock:
            theirs = waiting.setdefault(person_id, set())
            before = len(theirs)
            for one in ids:
                if self._number + len(theirs) - before >= MOST_WAITING:
                    break
                theirs.add(one)
            self._number += len(theirs) - before
            if not theirs:
                del waiting[person_id]
            elif self._thread is None:
                self._thread = threading.Thread(target=self._run, name="messaging-deliveries", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        """Store until nothing waits any more. Whatever ends the thread, the next delivery starts another one."""
        try:
            while self._store_waiting():
                pass
        finally:
            connection.close()
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None

    def _store_waiting(self) -> bool:
        """Store what comes within a moment. Return whether there was anything."""
        hub.wait_for_end(GATHER_SECONDS)
        with self._lock:
            messages, events = self._take(self._messages), self._take(self._events)
            if not messages and not events:
                self._thread = None
                return False
        try:
            self._store(messages, events)
        except DatabaseError as error:  # these messages are delivered when they are read
            logger.warning("Deliveries were not stored: %s: %s", type(error).__name__, error)
            connection.close()
        return True

    def _take(self, waiting: Waiting) -> Waiting:
        """Up to ``AT_ONCE`` ids. The lock is held."""
        taken: Waiting = {}
        number = 0
        while waiting and number < AT_ONCE:
            person_id, ids = waiting.popitem()
            number += len(ids)
            taken[person_id] = ids
        self._number -= number
        return taken


def store_deliveries(messages: Waiting, events: Waiting) -> None:
    """Store what people have got: messages, and events that carry one. What is not for them is left out."""
    got: dict[UserId, set[int]] = {person_id: set(ids) for person_id, ids in messages.items()}
    acknowledged = set[int]().union(*events.values())
    if acknowledged:
        rows: Any = Event.objects.filter(pk__in=acknowledged, type=MessageCreated.type)
        carried = dict(rows.values_list("pk", "fields__message__id"))
        for person_id, ids in events.items():
            got.setdefault(person_id, set()).update(carried[one] for one in ids if one in carried)
    delivered.store(got)


deliveries = Deliveries()
