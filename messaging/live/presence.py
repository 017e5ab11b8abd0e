"""Who is online: whoever has a connection to any process, from any tab or device.

There is one source, three tables. Each process with connections renews its own row with one statement per beat, however
many people it serves, and writes people only as they come and go. A process that dies stops renewing, and another one
clears what it left. Who comes or goes is an event of the log for the servers: each process shows it, without an id, to
those who may know. So it needs no Redis. Times are by the database's clock.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import Now

from realtime.access.audience import user_key
from realtime.access.user_ids import UserId, sort_key
from realtime.delivery.ephemeral import EphemeralMessage
from realtime.delivery.hub import hub
from realtime.log.clock import now as database_now
from realtime.log.events import to_json
from realtime.log.publish import publish
from realtime.log.replay import Frame

from .. import contacts
from ..events import MESSAGES
from ..models import Participant, Preference
from ..serializing import moment, person_id
from .events import PresenceChanged
from .models import LastSeen, PresenceProcess, PresentPerson

ALIVE_SECONDS = 6  # a process that has not renewed its row for so long is dead
MOST_PARTNERS = 500  # people who are told that somebody came or went: those of the newest conversations
LARGEST_TOLD = 50  # participants of a larger conversation whose people are told of each other

_SOON = {
    "postgresql": f"STATEMENT_TIMESTAMP() + INTERVAL '{ALIVE_SECONDS} seconds'",
    "sqlite": f"STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW', '+{ALIVE_SECONDS} seconds')",
}
_NOW = {"postgresql": "STATEMENT_TIMESTAMP()", "sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')"}
_RENEW = (
    "UPDATE communication_presenceprocess SET alive_until = {soon} WHERE key = %s RETURNING "
    "EXISTS (SELECT 1 FROM communication_presenceprocess AS other WHERE other.alive_until < {now})"
)
_REGISTER = (
    "INSERT INTO communication_presenceprocess (key, alive_until) VALUES (%s, {soon}) "
    "ON CONFLICT (key) DO UPDATE SET alive_until = excluded.alive_until"
)


@dataclass(frozen=True, slots=True)
class Presence:
    """What somebody may know of a person: online or not, and when they were last there (``None``: not told)."""

    is_online: bool
    last_seen: datetime | None


def online_among(people: Collection[UserId]) -> set[UserId]:
    """Those of these people (by id) who are online. One query."""
    return set(_alive().filter(person_id__in=people).values_list("person_id", flat=True))


def presence_of(viewer: Any, people: Collection[UserId]) -> dict[UserId, Presence]:
    """What ``viewer`` may know of these people, by id. A fixed number of queries.

    Whoever they may not know of is offline and was never seen, as somebody is who never came.
    """
    asked = set(people)
    visible = set(contacts.rule().sees_presence_of(viewer).filter(pk__in=asked).values_list("pk", flat=True))
    visible |= asked & {viewer.pk}
    online = online_among(visible)
    silent = _silent(visible) - {viewer.pk}
    seen: dict[Any, datetime | None] = dict(
        LastSeen.objects.filter(pk__in=visible - online - silent).values_list("pk", "at")
    )
    return {one: Presence(one in online, seen.get(one)) for one in asked}


# --- what a process tells ---------------------------------------------------------------------------------------


class PresenceStore:
    """What one process tells the others through the database. ``key`` names the process."""

    def __init__(self) -> None:
        self.key = uuid4().hex

    def renew(self) -> tuple[bool, bool]:
        """Say that this process lives. Return whether it is known, and whether another one has died. One statement."""
        statement = _RENEW.format(soon=_SOON[connection.vendor], now=_NOW[connection.vendor])
        with connection.cursor() as cursor:
            cursor.execute(statement, [self.key])
            row = cursor.fetchone()
        return (row is not None, bool(row and row[0]))

    @transaction.atomic
    def change(self, arrived: Collection[UserId] = (), left: Collection[UserId] = ()) -> None:
        """Write that these people have come to this process, or have left it, and announce whose presence changed.

        Somebody who is connected to another process as well does not change. A fixed number of queries, and one for
        each person whose presence changes.
        """
        come = set(get_user_model()._default_manager.filter(pk__in=arrived).values_list("pk", flat=True))
        rows = _lock(come | set(left), come)
        if come:
            self._register()
            here = [PresentPerson(process_id=self.key, person_id=one) for one in come]
            PresentPerson.objects.bulk_create(here, ignore_conflicts=True)
        PresentPerson.objects.filter(process_id=self.key, person_id__in=left).delete()
        _announce(rows, {})

    @transaction.atomic
    def clear_dead(self) -> None:
        """Remove processes that have died, and announce who is offline since."""
        dead = dict(
            PresenceProcess.objects.filter(alive_until__lt=Now()).exclude(pk=self.key).values_list("pk", "alive_until")
        )
        were = list(PresentPerson.objects.filter(process_id__in=dead).values_list("person_id", "process_id"))
        rows = _lock({one for one, _ in were}, ())
        PresentPerson.objects.filter(process_id__in=dead).delete()
        PresenceProcess.objects.filter(pk__in=dead, alive_until__lt=Now()).delete()
        _announce(rows, {one: dead[process] - timedelta(seconds=ALIVE_SECONDS) for one, process in were})

    def leave(self) -> None:
        """Remove this process, which has no connections any more."""
        PresenceProcess.objects.filter(pk=self.key).delete()

    def _register(self) -> None:
        statement = _REGISTER.format(soon=_SOON[connection.vendor])
        with connection.cursor() as cursor:
            cursor.execute(statement, [self.key])


def _alive() -> QuerySet[PresentPerson]:
    return PresentPerson.objects.filter(process__alive_until__gte=Now())


def _lock(people: set[UserId], new: Collection[UserId]) -> list[LastSeen]:
    """The rows of these people, locked in the order of their ids. Those of ``new`` people are made."""
    ordered: list[Any] = sorted(new, key=sort_key)  # as everybody who writes several of them
    made = [LastSeen(person_id=one) for one in ordered]
    LastSeen.objects.bulk_create(made, ignore_conflicts=True)
    return list(LastSeen.objects.select_for_update().filter(pk__in=people).order_by("pk"))


def _announce(rows: Iterable[LastSeen], gone_at: dict[UserId, datetime]) -> None:
    """Update the rows where the truth is another one now, and publish that."""
    people = {row.pk: row for row in rows}
    online = online_among(people)
    changed = [row for row in people.values() if row.is_online != (row.pk in online)]
    if not changed:
        return
    now = database_now()
    for row in changed:
        row.is_online = row.pk in online
        row.at = now if row.is_online else gone_at.get(row.pk, now)
    LastSeen.objects.bulk_update(changed, ["is_online", "at"])
    silent = _silent([row.pk for row in changed])
    audiences = _audiences([row.pk for row in changed])
    publish(
        *(
            (
                PresenceChanged(
                    person_id=person_id(row.pk),
                    is_online=row.is_online,
                    last_seen=None if row.is_online or row.pk in silent else moment(row.at),
                ),
                [user_key(one) for one in audiences[row.pk]],
            )
            for row in changed
            if audiences[row.pk]
        )
    )


def _silent(people: Collection[UserId]) -> set[UserId]:
    """Those of these people who do not tell when they were last there."""
    chosen = Preference.objects.filter(pk__in=people, last_seen=Preference.LastSeen.NOBODY)
    return set(chosen.values_list("pk", flat=True))


def _audiences(people: Collection[UserId]) -> dict[UserId, set[UserId]]:
    """For each of these people, who is told that they came or went: those whom they talk to, and who may know it."""
    mine = Participant.objects.filter(person_id__in=people, left_at=None, conversation__subject_key=None)
    newest = mine.order_by("-conversation__last_message_at").values_list("person_id", "conversation_id")
    places: dict[int, set[UserId]] = {}
    for one, place in newest[: MOST_PARTNERS * len(people)]:
        places.setdefault(place, set()).add(one)
    taking_part = Participant.objects.filter(conversation_id__in=places, left_at=None)
    counts = taking_part.order_by().values_list("conversation_id").annotate(number=Count("pk"))
    told = [place for place, number in counts if number <= LARGEST_TOLD]
    partners: dict[UserId, set[UserId]] = {one: set() for one in people}
    members = taking_part.filter(conversation_id__in=told).values_list("conversation_id", "person_id")
    for place, other in members:
        for somebody in places[place] - {other}:
            partners[somebody].add(other)
    rule = contacts.rule()
    for account in get_user_model()._default_manager.filter(pk__in=[one for one in people if partners[one]]):
        # What people may know of each other is mutual (``ContactRule``).
        known_to = rule.sees_presence_of(account).filter(pk__in=partners[account.pk]).values_list("pk", flat=True)
        partners[account.pk] = set(known_to[:MOST_PARTNERS])
    return partners


def observe(frames: list[Frame]) -> None:
    """Show who came and went to the connections of this process that may know."""
    for frame in frames:
        if frame.type == PresenceChanged.type:
            hub.send_ephemeral(
                EphemeralMessage(MESSAGES, frame.audience, to_json({"type": "presence", **frame.fields}))
            )
