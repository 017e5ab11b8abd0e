"""Who gets which transport now: decides by the environment's flags and the database's demotions (transport.py)."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from django.conf import settings

from realtime.access.accounts import Account
from realtime.access.authority import Viewer
from realtime.access.user_ids import UserId, of_json
from realtime.log.events import to_json
from realtime.rollout.models import TransportHold

from . import transport
from .transport import Decision, Demotions, Flags, Person

ASSIGNMENT = "transport"  # a viewer's decision is registered under this name (realtime/access/authority.py)


def flags() -> Flags:
    """What the environment grants."""
    return Flags(
        use_websockets=settings.USE_WEBSOCKETS,
        shadow=settings.WEBSOCKET_SHADOW,
        percent=settings.WEBSOCKET_ROLLOUT_PERCENT,
        groups=frozenset(settings.WEBSOCKET_ROLLOUT_GROUPS),
    )


def demotions() -> Demotions:
    """The demotions in force: one query."""
    rows = {(hold.scope, hold.target): hold.reason for hold in TransportHold.objects.all()}
    return Demotions(
        everybody=rows.get((transport.ALL, "")),
        groups={target: reason for (scope, target), reason in rows.items() if scope == transport.GROUP},
        users={
            user_id: reason
            for (scope, target), reason in rows.items()
            if scope == transport.USER and (user_id := of_json(target)) is not None
        },
    )


def decisions(accounts: Collection[Account]) -> dict[UserId, Decision]:
    """The transport of each of these accounts, by id: one query for all of them, none with the kill switch thrown."""
    granted = flags()
    taken = _taken(granted)
    return {one.pk: transport.decide(granted, Person(one.pk, one.is_staff, one.groups), taken) for one in accounts}


def _taken(granted: Flags) -> Demotions:
    return demotions() if _grants_any(granted) else Demotions()


def _grants_any(granted: Flags) -> bool:
    return granted.use_websockets or granted.shadow


def decision(user: Any) -> Decision:
    """The transport of one signed-in user."""
    granted = flags()
    taken = _taken(granted)
    by_group = (granted.groups and _grants_any(granted)) or taken.groups  # else nobody asks which groups they are in
    return transport.decide(granted, person(user) if by_group else Person(user.pk, user.is_staff), taken)


def person(user: Any) -> Person:
    """A user as an argument of ``decide``."""
    return Person(user.pk, user.is_staff, frozenset(group.name for group in user.groups.all()))


@lru_cache(maxsize=100)
def frame(decision: Decision) -> str:
    """The frame that tells a browser which transport to use from now on, as JSON."""
    return to_json({"type": "transport", "transport": decision.transport, "reason": decision.reason})


def frame_for(viewer: Viewer) -> str:
    """The same frame for a viewer."""
    return frame(viewer.assignments[ASSIGNMENT])
