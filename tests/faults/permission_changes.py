"""Changes of permissions and sessions of connected users, recorded for the checker.

The event that announces a change to the servers is its position in the log: events before it were written under the old
permissions, events after it under the new ones.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import transaction

from projeng.access import Role
from projeng.models import Project
from realtime.access.credentials import digest_of
from realtime.log.events import AuthorityChanged, SessionEnded
from realtime.log.models import Event
from tests.support.database import retrying
from tests.support.people import PASSWORD, session_cookie
from tests.support.ports import wait_until

from .checker import PROJECTS, LoggedEvent, Right
from .clients import Client
from .log_position import NUMBERING_SECONDS, head


class PermissionChange(NamedTuple):
    """A change of a user's permissions: the id of its event, its time, and the cursors of the clients before it."""

    id: int
    at: float
    read: dict[str, int]


class PermissionChanges:
    """Changes users' permissions and sessions, and records them. Only one change of a user may be made at a time."""

    def __init__(self, clients: Iterable[Client], rights: dict[int, list[Right]]) -> None:
        self.ended_sessions: dict[str, int] = {}  # by cookie, the id of the event
        self.count = 0
        self.passwords: defaultdict[int, str] = defaultdict(lambda: PASSWORD)  # current ones, by user id
        self._clients = list(clients)
        self._rights = rights
        self._session_ends: dict[str, float] = {}

    def clients_of(self, user: User) -> list[Client]:
        """Return the clients of this user."""
        return [client for client in self._clients if client.user_id == user.pk]

    # --- permissions --------------------------------------------------------------------------------------------

    def assign(self, user: User, project: Project) -> None:
        """Assign an engineer to a project."""
        self._grant(user, [f"project:{project.pk}"], lambda: project.assigned_engineers.add(user))

    def unassign(self, user: User, project: Project) -> None:
        """Unassign an engineer from a project."""
        self._revoke(user, [f"project:{project.pk}"], lambda: project.assigned_engineers.remove(user))

    def projects_of(self, user: User) -> list[Project]:
        """Return the projects of an engineer."""
        return list(retrying(lambda: list(user.assigned_projects.order_by("pk"))))

    def promote(self, user: User) -> None:
        """Make an engineer a Finance Manager as well, who sees every project."""
        self._grant(user, [PROJECTS], lambda: user.groups.add(_group(Role.FINANCE)))

    def demote(self, user: User) -> None:
        """Undo ``promote``."""
        self._revoke(user, [PROJECTS], lambda: user.groups.remove(_group(Role.FINANCE)))

    def leave_group(self, user: User) -> None:
        """Remove an engineer's role, which revokes the projects."""
        self._revoke(user, self._project_keys(user), lambda: user.groups.remove(_group(Role.ENGINEER)))

    def join_group(self, user: User) -> None:
        """Restore the role, and with it the projects."""
        self._grant(user, self._project_keys(user), lambda: user.groups.add(_group(Role.ENGINEER)))

    def disable(self, user: User) -> PermissionChange:
        """Disable an account."""
        keys = {right.key for right in self._rights[user.pk] if right.until is None}
        return self._revoke(user, keys, lambda: _set_active(user, active=False))

    def enable(self, user: User, disabled: PermissionChange) -> None:
        """Enable an account. Its clients received nothing meanwhile, so they must now receive all that was written."""
        suspended = {right.key for right in self._rights[user.pk] if right.until == disabled.id}
        change = self._apply(user, lambda: _set_active(user, active=True))
        self._rights[user.pk] += [
            Right(key, disabled.id, read_from=change.read, began=change.at) for key in sorted(suspended)
        ]

    def _project_keys(self, user: User) -> list[str]:
        return [f"project:{project.pk}" for project in self.projects_of(user)]

    def _grant(self, user: User, keys: Iterable[str], do: Callable[[], Any]) -> None:
        change = self._apply(user, do)
        self._rights[user.pk] += [Right(key, change.id, read_from=change.read, began=change.at) for key in keys]

    def _revoke(self, user: User, keys: Iterable[str], do: Callable[[], Any]) -> PermissionChange:
        change = self._apply(user, do)
        for right in self._rights[user.pk]:
            if right.until is None and right.key in keys:
                right.until, right.read_to, right.ended = change.id, change.read, change.at
        return change

    def _apply(self, user: User, do: Callable[[], Any]) -> PermissionChange:
        read = {client.name: client.cursor for client in self.clients_of(user)}
        before = retrying(head)
        retrying(do)
        at = time.monotonic()
        self.count += 1
        return PermissionChange(
            self.id_of_event(before, AuthorityChanged, fields__user_ids__contains=[user.pk]), at, read
        )

    @staticmethod
    def id_of_event(before: int, kind: type, **which: Any) -> int:
        """Return the id of the first such event after ``before``. Raise AssertionError if none gets one."""
        found = Event.objects.filter(id__gt=before, type=kind.type, **which).order_by("id").values_list("id", flat=True)
        return wait_until(lambda: retrying(found.first), f"the log tells after {before} of {which}", NUMBERING_SECONDS)

    # --- sessions -----------------------------------------------------------------------------------------------

    def end_session(self, client: Client, do: Callable[[], Any]) -> None:
        """End the session of this client with ``do``, or directly if that failed, and record it."""
        key = client.cookie.partition("=")[2]
        do()
        retrying(lambda: _delete_session(key))
        self._record_session_end(client, self.id_of_event(0, SessionEnded, fields__digest=digest_of(key)))

    def end_sessions_by(self, user: User, do: Callable[[], Any]) -> None:
        """Record that ``do`` ends every session of this user."""
        before = retrying(head)
        do()
        event_id = self.id_of_event(before, AuthorityChanged, fields__user_ids__contains=[user.pk])
        for client in self.clients_of(user):
            self._record_session_end(client, event_id)

    def _record_session_end(self, client: Client, event_id: int) -> None:
        self.count += 1
        self.ended_sessions[client.cookie] = event_id
        self._session_ends.setdefault(client.cookie, time.monotonic())

    def sign_in_again(self, user: User, clients: Iterable[Client]) -> None:
        """Give each of these clients a new session of the user."""
        for client in clients:
            client.use_session(retrying(lambda: session_cookie(User.objects.get(pk=user.pk))))

    # --- for the report -----------------------------------------------------------------------------------------

    def measure_delays(self, log: Iterable[LoggedEvent]) -> dict[str, int]:
        """Return for how many milliseconds after a revocation events from before it were still delivered.

        By the order of the log none is late; these are wall-clock delays. Faults that freeze a server or hold the
        network also delay what is in transit.
        """
        audiences = {event.id: event.audience for event in log}
        late: list[float] = []
        sessions: list[float] = []
        closed: list[float] = []  # until a client had to reconnect after the end of its session
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
                    # Skip events that another permission of that time covers.
                    if taken and not any(one.key in audience and one.began <= moment < one.ended for one in rights):
                        ends = [one.ended for one in taken if one.key in audience and one.ended <= moment]
                        late += [moment - max(ends)] if ends else []
        return {
            "moves": self.count,
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
