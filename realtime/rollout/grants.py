"""Who gets which transport now: the environment's flags and the database's holds, put to transport.py beside this."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model

from ..events import to_json
from ..models import TransportHold
from . import transport
from .transport import Decision, Flags, Holds, Person


def flags() -> Flags:
    """What the environment grants."""
    return Flags(
        use_websockets=settings.USE_WEBSOCKETS,
        shadow=settings.WEBSOCKET_SHADOW,
        percent=settings.WEBSOCKET_ROLLOUT_PERCENT,
        groups=frozenset(settings.WEBSOCKET_ROLLOUT_GROUPS),
    )


def holds() -> Holds:
    """Where WebSocket is taken away now: one query."""
    rows = {(hold.scope, hold.target): hold.reason for hold in TransportHold.objects.all()}
    return Holds(
        everybody=rows.get((transport.ALL, "")),
        groups={target: reason for (scope, target), reason in rows.items() if scope == transport.GROUP},
        users={int(target): reason for (scope, target), reason in rows.items() if scope == transport.USER},
    )


def decisions(users: Collection[Any]) -> dict[int, Decision]:
    """The transport of each of these users, by id: two queries for all of them at most, none with the kill switch
    thrown."""
    granted = flags()
    if not granted.use_websockets and not granted.shadow:
        return {user.pk: transport.decide(granted, Person(user.pk), Holds()) for user in users}
    taken = holds()
    members = _members(users, granted.groups | taken.groups.keys())
    return {
        user.pk: transport.decide(granted, Person(user.pk, user.is_staff, frozenset(members.get(user.pk, ()))), taken)
        for user in users
    }


def _members(users: Collection[Any], names: Collection[str]) -> dict[int, set[str]]:
    """Which of the groups with these names each user is in; those in none are left out."""
    found: dict[int, set[str]] = {}
    if names:
        ids = [user.pk for user in users]
        rows = get_user_model().objects.filter(pk__in=ids, groups__name__in=names).values_list("pk", "groups__name")
        for user_id, name in rows:
            found.setdefault(user_id, set()).add(name)
    return found


def decision(user: Any) -> Decision:
    """The transport of one signed-in user."""
    return decisions([user])[user.pk]


def person(user: Any) -> Person:
    """A user as the rollout looks at them."""
    return Person(user.pk, user.is_staff, frozenset(group.name for group in user.groups.all()))


@lru_cache(maxsize=100)
def frame(decision: Decision) -> str:
    """The frame that tells a browser which transport to use from now on, as JSON."""
    return to_json({"type": "transport", "transport": decision.transport, "reason": decision.reason})
