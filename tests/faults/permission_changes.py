"""People whose rights and sessions change while they are connected, with what that must mean for their clients.

Every change is found in the log by the event that tells the servers of it: what came before that event was written
under the old rights, what comes after it under the new ones, to the id.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import InterfaceError, OperationalError, connection, transaction

from projeng.access import Role
from projeng.models import Project
from realtime.access.authority import session_digest
from realtime.log import replay
from realtime.log.events import AuthorityChanged, SessionEnded
from realtime.log.models import Event
from tests.support.people import PASSWORD, session_cookie

from .checker import PROJECTS, Logged, Right
from .clients import Client

TRIES_SECONDS = 60.0  # as long as a fault may keep the database away


def persistently(do: Callable[[], Any]) -> Any:
    """Do it, again and again while the database is away. It must not matter that it was done already.

    Raises what the database raises when it stays away for ``TRIES_SECONDS``.
    """
    deadline = time.monotonic() + TRIES_SECONDS
    while True:
        try:
            return do()
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


class Turn(NamedTuple):
    """A change of what somebody may see: the id that tells of it, when it was, and how far each had read before."""

    id: int
    at: float
    read: dict[str, int]


class Movers:
    """Moves people, and writes down their rights and the ends of their sessions. One move of a person at a time."""

    def __init__(self, clients: Iterable[Client], rights: dict[int, list[Right]]) -> None:
        self.ended_sessions: dict[str, int] = {}  # by cookie, the id that tells of the end
        self.moves = 0
        self.passwords: defaultdict[int, str] = defaultdict(lambda: PASSWORD)  # by id of user, as they are now
        self._clients = list(clients)
        self._rights = rights
        self._session_ends: dict[str, float] = {}

    def clients_of(self, user: User) -> list[Client]:
        """The browsers of this person."""
        return [client for client in self._clients if client.user_id == user.pk]

    # --- rights -------------------------------------------------------------------------------------------------

    def assign(self, user: User, project: Project) -> None:
        """Put an engineer on a project."""
        self._given(user, [f"project:{project.pk}"], lambda: project.assigned_engineers.add(user))

    def take_off(self, user: User, project: Project) -> None:
        """Take an engineer off a project."""
        self._taken(user, [f"project:{project.pk}"], lambda: project.assigned_engineers.remove(user))

    def projects_of(self, user: User) -> list[Project]:
        """What somebody is assigned to."""
        return list(persistently(lambda: list(user.assigned_projects.order_by("pk"))))

    def promote(self, user: User) -> None:
        """Make an engineer a Finance Manager as well, who sees every project."""
        self._given(user, [PROJECTS], lambda: user.groups.add(_group(Role.FINANCE)))

    def demote(self, user: User) -> None:
        """Take that back."""
        self._taken(user, [PROJECTS], lambda: user.groups.remove(_group(Role.FINANCE)))

    def leave_group(self, user: User) -> None:
        """Take somebody's role away: their projects are then none of their business."""
        self._taken(user, self._project_keys(user), lambda: user.groups.remove(_group(Role.ENGINEER)))

    def join_group(self, user: User) -> None:
        """Give it back, and with it the projects."""
        self._given(user, self._project_keys(user), lambda: user.groups.add(_group(Role.ENGINEER)))

    def disable(self, user: User) -> Turn:
        """Disable an account."""
        keys = {right.key for right in self._rights[user.pk] if right.until is None}
        return self._taken(user, keys, lambda: _set_active(user, active=False))

    def enable(self, user: User, disabled: Turn) -> None:
        """Enable it again: its clients have stood still meanwhile, so now they must get all that was written."""
        rested = {right.key for right in self._rights[user.pk] if right.until == disabled.id}
        turn = self._turn(user, lambda: _set_active(user, active=True))
        self._rights[user.pk] += [Right(key, disabled.id, read_from=turn.read, began=turn.at) for key in sorted(rested)]

    def _project_keys(self, user: User) -> list[str]:
        return [f"project:{project.pk}" for project in self.projects_of(user)]

    def _given(self, user: User, keys: Iterable[str], do: Callable[[], Any]) -> None:
        turn = self._turn(user, do)
        self._rights[user.pk] += [Right(key, turn.id, read_from=turn.read, began=turn.at) for key in keys]

    def _taken(self, user: User, keys: Iterable[str], do: Callable[[], Any]) -> Turn:
        turn = self._turn(user, do)
        for right in self._rights[user.pk]:
            if right.until is None and right.key in keys:
                right.until, right.read_to, right.ended = turn.id, turn.read, turn.at
        return turn

    def _turn(self, user: User, do: Callable[[], Any]) -> Turn:
        read = {client.name: client.cursor for client in self.clients_of(user)}
        before = persistently(replay.head)
        persistently(do)
        at = time.monotonic()
        self.moves += 1
        return Turn(self.told_of(before, AuthorityChanged, fields__user_ids__contains=[user.pk]), at, read)

    @staticmethod
    def told_of(before: int, kind: type, **which: Any) -> int:
        """The first event after ``before`` that tells the servers of this. Raises AssertionError for none."""
        found = Event.objects.filter(id__gt=before, type=kind.type, **which).order_by("id").values_list("id", flat=True)
        event_id = persistently(found.first)
        assert event_id is not None, f"Nothing in the log after {before} tells of {which}"
        return event_id

    # --- sessions -----------------------------------------------------------------------------------------------

    def end_session(self, client: Client, do: Callable[[], Any]) -> None:
        """Note that ``do`` ends the session of this client, or that it had ended already."""
        key = client.cookie.partition("=")[2]
        do()
        persistently(lambda: _delete_session(key))
        self._session_over(client, self.told_of(0, SessionEnded, fields__digest=session_digest(key)))

    def end_sessions_by(self, user: User, do: Callable[[], Any]) -> None:
        """Note that ``do`` makes every session of this person worthless."""
        before = persistently(replay.head)
        do()
        event_id = self.told_of(before, AuthorityChanged, fields__user_ids__contains=[user.pk])
        for client in self.clients_of(user):
            self._session_over(client, event_id)

    def _session_over(self, client: Client, event_id: int) -> None:
        self.moves += 1
        self.ended_sessions[client.cookie] = event_id
        self._session_ends.setdefault(client.cookie, time.monotonic())

    def sign_in_again(self, user: User, clients: Iterable[Client]) -> None:
        """A new session for each of these clients of one person."""
        for client in clients:
            client.signs_in(persistently(lambda: session_cookie(User.objects.get(pk=user.pk))))

    # --- for the report -----------------------------------------------------------------------------------------

    def measured(self, log: Iterable[Logged]) -> dict[str, int]:
        """How long something that was written before an end was still handed over after it, in milliseconds.

        In order of the log nothing is late; this is what the eye would see. Faults that hold a server or a network
        hold what is under way as well.
        """
        audiences = {event.id: event.audience for event in log}
        late: list[float] = []
        sessions: list[float] = []
        closed: list[float] = []  # until a client whose session had ended had to connect anew
        for client in self._clients:
            rights = self._rights[client.user_id]
            taken = [right for right in rights if right.until is not None]
            begins = [begin for begin, _ in client.sessions]
            for (begin, cookie), end in zip(client.sessions, [*begins[1:], len(client.ids)], strict=True):
                over = self._session_ends.get(cookie, math.inf)
                closed += [moment - over for moment in client.opened if moment > over][:1]
                for event_id, moment in zip(client.ids[begin:end], client.times[begin:end], strict=True):
                    if moment > over:
                        sessions.append(moment - over)
                    audience = audiences.get(event_id, frozenset())
                    # By another right that they had just then it was theirs all the same.
                    if taken and not any(one.key in audience and one.began <= moment < one.ended for one in rights):
                        ends = [one.ended for one in taken if one.key in audience and one.ended <= moment]
                        late += [moment - max(ends)] if ends else []
        return {
            "moves": self.moves,
            "rights_taken": sum(right.until is not None for rights in self._rights.values() for right in rights),
            "handed_over_after_a_right_was_taken": len(late),
            "the_last_after_ms": _longest(late),
            "sessions_ended": len(self._session_ends),
            "handed_over_after_a_session_ended": len(sessions),
            "the_last_of_these_after_ms": _longest(sessions),
            "the_last_was_let_go_after_ms": _longest(closed),
        }


def _longest(seconds: list[float]) -> int:
    return round(1000 * max(seconds, default=0))


def _group(role: Role) -> Group:
    return Group.objects.get(name=role.value)


def _set_active(user: User, *, active: bool) -> None:
    with transaction.atomic():
        fresh = User.objects.get(pk=user.pk)
        fresh.is_active = active
        fresh.save()


def _delete_session(key: str) -> None:
    for session in Session.objects.filter(session_key=key):
        session.delete()
