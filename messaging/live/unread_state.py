"""The state of the topic: how much is unread for the viewer, as the badge in the header shows it.

It is sent on connect and after the events that change it. Those of a process whose numbers have changed are counted
together, in one query, when the first of them asks: a message to a hundred connected people costs as much as one to
two. Nothing is counted for people who are not connected.
"""

import threading
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.contrib.auth import get_user_model

from realtime.access.audience import may_see
from realtime.access.authority import Viewer
from realtime.access.user_ids import UserId
from realtime.delivery.hub import hub
from realtime.delivery.snapshots import STATE_SECONDS, State, Subjects
from realtime.log.replay import Frame

from .. import unread
from ..events import (
    MESSAGES,
    ConversationChanged,
    MessageCreated,
    MessageDeleted,
    MessageRead,
    ParticipantsChanged,
)

CHANGING = {one.type for one in (MessageCreated, MessageDeleted, MessageRead, ConversationChanged, ParticipantsChanged)}
AT_ONCE = 500  # people in one query
# Between two badges of a connection, for each connection of the process: in a conversation of a thousand in which
# everybody writes, all badges change with each message.
PACE_SECONDS = 0.002
LONGEST_PACE_SECONDS = 5.0

Totals = tuple[int, int]  # messages, conversations


@dataclass(frozen=True, slots=True)
class _Counted:
    totals: Totals
    as_of: int  # the id up to which this process had read the log before it counted


class UnreadTotals:
    """What is unread for the people who are connected to this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # of what follows
        self._counting = threading.Lock()  # one query at a time: those who wait find themselves counted
        self._changed: dict[UserId, int] = {}  # whose numbers have changed, by the id of the newest such event
        self._counted: dict[UserId, _Counted] = {}  # what was counted for them, until they ask

    def observe(self, frames: list[Frame]) -> None:
        """Note whose numbers these events change. Does not query."""
        changing = [frame for frame in frames if frame.type in CHANGING]
        if not changing:
            return
        audience = frozenset[str]().union(*(frame.audience for frame in changing))
        connected = hub.user_ids()
        concerned = [one for one in connected if (viewer := hub.viewer(one)) and may_see(viewer.keys, audience)]
        with self._lock:
            self._changed.update(dict.fromkeys(concerned, changing[-1].id))
            self._changed = {one: at for one, at in self._changed.items() if one in connected}
            self._counted = {one: found for one, found in self._counted.items() if one in connected}

    def of(self, person_id: UserId, since: int | None) -> Totals:
        """What is unread for a person: messages and conversations.

        ``since``: the id of the event that has changed it; who was counted after that is not counted again. With
        ``None``, they are counted.
        """
        if since is None:
            return totals_of([person_id])[person_id]
        if (found := self._take(person_id, since)) is not None:
            return found
        with self._counting:
            return self._take(person_id, since) or self._count(person_id)

    def _take(self, person_id: UserId, since: int) -> Totals | None:
        with self._lock:
            found = self._counted.pop(person_id, None)
            if found is None or found.as_of < since:
                return None
            if self._changed.get(person_id, 0) <= found.as_of:  # else they ask once more, for the newer event
                self._changed.pop(person_id, None)
            return found.totals

    def _is_counted(self, person_id: UserId, at: int) -> bool:
        found = self._counted.get(person_id)
        return found is not None and found.as_of >= at

    def _count(self, person_id: UserId) -> Totals:
        """Count for this person, and for others who will ask."""
        as_of = hub.cursor  # before the query, which then finds everything up to it
        with self._lock:
            others = (one for one, at in self._changed.items() if one != person_id and not self._is_counted(one, at))
            people = [person_id, *islice(others, AT_ONCE)]
        found = totals_of(people)
        with self._lock:
            if self._changed.get(person_id, 0) <= as_of:
                self._changed.pop(person_id, None)
            self._counted.update((one, _Counted(found[one], as_of)) for one in people[1:])
        return found[person_id]


def totals_of(people: Collection[UserId]) -> dict[UserId, Totals]:
    """What is unread for each of these people (by id): messages and conversations.

    One query, and some for each of those with unread messages in a conversation about something of an application.
    """
    counts = unread.counted_among(people)
    asked = {one for one, places in counts.items() if any(found.subject_key for found in places.values())}
    numbers = {one: [found.number for found in places.values()] for one, places in counts.items() if one not in asked}
    for account in get_user_model()._default_manager.filter(pk__in=asked) if asked else ():
        numbers[account.pk] = list(unread.visible_to(account, counts[account.pk]).values())
    return {one: (sum(numbers.get(one, ())), len(numbers.get(one, ()))) for one in people}


totals = UnreadTotals()


def _subject(frame: Frame) -> Hashable | None:
    return frame.id if frame.type in CHANGING else None


def _read(viewer: Viewer, subjects: Subjects) -> list[dict[str, Any]]:
    # Somebody who polls may be ahead of the tail of this process, so what was counted for it may be too old for them.
    since = None if subjects is None else max(event_id for event_id in subjects if isinstance(event_id, int))
    messages, conversations = totals.of(viewer.user_id, since)
    return [{"type": "messages_unread", "unread": messages, "conversations": conversations}]


def _pace() -> float:
    return min(max(STATE_SECONDS, PACE_SECONDS * hub.subscribers()), LONGEST_PACE_SECONDS)


UNREAD = State(f"{MESSAGES}_unread", _subject, _read, lambda viewer: viewer.user_id, pace=_pace)
