"""Somebody in a group of the circle who is taken out of it in the middle, and must be told nothing of it from then on.

They have two clients of our own kind: one goes by what the site tells, one would rather have a socket. They write
nothing, so whoever writes never meets a refusal.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from messaging import conversations, unread
from messaging.events import MESSAGES
from messaging.models import Participant
from realtime.log import replay
from realtime.log.models import Event
from realtime.log.replay import Frame
from tests.support.conversed import NAMED, OwnClient
from tests.support.conversing import Circle
from tests.support.people import session_cookie
from tests.support.ports import wait_until
from tests.support.reconnecting_clients import ReconnectingClients

GRACE = timedelta(seconds=2)  # in which a process learns what changed


@dataclass
class Left:
    """When somebody was taken out. Up to the id ``seen`` they had got everything by then."""

    seen: int
    at: datetime


def faults_of_leaving(
    frames: Iterable[Frame], left: Left, keys: Collection[str], own: str, got: list[int]
) -> list[str]:
    """What must not be of one client. ``keys`` are the group's, ``own`` the person's. The result is in words."""
    must, may, later = set(), set(), 0
    for frame in frames:
        if own in frame.audience:
            must.add(frame.id)
        elif not set(keys).isdisjoint(frame.audience):
            if frame.id <= left.seen:
                must.add(frame.id)
            elif frame.at <= left.at + GRACE:
                may.add(frame.id)
            else:
                later += frame.type == "message_created"
    faults = []
    for what, which in (
        ("lost", must - set(got)),
        ("told after they were taken out", set(got) - must - may),
        ("twice", {one for one in got if got.count(one) > 1}),
    ):
        if which:
            faults.append(f"{len(which)} {what}: {sorted(which)[:NAMED]}")
    if not later or not must:
        faults.append(f"only {len(must)} events before they were taken out, and {later} messages later")
    return faults


class TakenOut:
    """The guest of a circle at a site: takes part from the beginning, until ``take_out``."""

    def __init__(self, circle: Circle, guest: User, url: str) -> None:
        self._circle, self._guest, self._left = circle, guest, Left(0, timezone.now())
        conversations.add_participants(circle.members[0], circle.group, [guest], Participant.Role.READONLY)
        self._begin = replay.head()
        cookie = session_cookie(guest)
        self._own = [OwnClient(guest.pk, cookie, follows_server=one, cursor=self._begin) for one in (True, False)]
        self.clients = ReconnectingClients(url, list(self._own))

    def disconnected(self) -> int:
        """The number of their clients that are not connected."""
        return sum(not one.transport for one in self._own)

    def take_out(self) -> None:
        """Take them out of the group, at a moment when they are connected and have got everything."""
        head = replay.head()
        wait_until(lambda: min(one.cursor for one in self._own) >= head, "they have got everything", 30)
        conversations.remove_participant(self._circle.members[0], self._circle.group, self._guest)
        self._left = Left(head, timezone.now())

    def finish(self) -> list[str]:
        """Wait until they have everything, end their clients, and return what must not be. The writers have stopped."""
        head, faults = replay.head(), []
        try:
            wait_until(lambda: min(one.cursor for one in self._own) >= head, "they have read to the end", 30)
            wait_until(
                lambda: all(one.unread == (0, 0) for one in self._own), "they are shown that nothing is unread", 10
            )
        except AssertionError as error:
            faults.append(f"{error}: {[(one.cursor, one.unread) for one in self._own]} of {head}")
        self.clients.stop()
        rows = Event.objects.filter(id__gt=self._begin, id__lte=head).order_by("id")
        frames = [frame for frame in map(Frame, rows) if frame.topic == MESSAGES]
        for one in self._own:
            found = faults_of_leaving(frames, self._left, self._keys(), f"user:{self._guest.pk}", one.got)
            faults += [f"{fault}, at somebody who was taken out" for fault in found]
        if counted := unread.per_conversation(self._guest):
            faults.append(f"unread for somebody who was taken out: {counted}")
        return faults

    def _keys(self) -> set[Any]:
        group = self._circle.group
        group.refresh_from_db()
        return {f"conversation:{group.pk}:{number}" for number in range(1, group.generation + 1)}
