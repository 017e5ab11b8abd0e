"""The transport that a user's browser is to use, and why. Pure: it reads neither the database nor the environment.

The rule is that of every move (switchover/choosing.py), in the words of transports. ``USE_WEBSOCKETS=false`` is the
kill switch: whatever else is set, nothing that came by WebSocket is then shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from realtime.access.user_ids import UserId

from .. import cohort as cohort_rule
from ..callers import Caller
from ..choosing import Grants, Taken, choose
from ..cohort import Cohort

SSE = "sse"
WEBSOCKET = "websocket"
SHADOW = "shadow"  # both run: SSE is shown, WebSocket is only compared

ALL, GROUP, USER = "all", "group", "user"  # the scopes in which WebSocket can be taken away
SALT = "gistagum websocket rollout"
STAFF = "staff"  # a further name of a caller who is staff


class Decision(NamedTuple):
    """A transport, and the reason for it, in words for operators."""

    transport: str
    reason: str


@dataclass(frozen=True)
class Flags:
    """What the environment grants (docs/operating.md, "Settings")."""

    use_websockets: bool
    shadow: bool
    percent: int
    groups: frozenset[str]


@dataclass(frozen=True)
class Person:
    """The user for whom the transport is decided."""

    user_id: UserId
    is_staff: bool = False
    groups: frozenset[str] = frozenset()

    @property
    def caller(self) -> Caller:
        """The same person, as the engine knows callers."""
        return Caller(str(self.user_id), self.groups, frozenset({STAFF}) if self.is_staff else frozenset())


@dataclass(frozen=True)
class Demotions:
    """The demotions in force: of everybody (the reason, or ``None``), by group name, and by user id."""

    everybody: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[UserId, str] = field(default_factory=dict)

    @cached_property
    def taken(self) -> Taken:
        """The same, as the engine knows them."""
        users = {str(user_id): reason for user_id, reason in self.users.items()}
        return Taken(self.everybody, self.groups, users, one="person")


def share(user_id: UserId) -> float:
    """A user's fixed place in the rollout, 0 to 100."""
    return cohort_rule.share(SALT, str(user_id))


def cohort(flags: Flags, person: Person) -> tuple[bool, str]:
    """Whether a user is in the cohort of these flags, and why."""
    return grants(flags).cohort.includes(person.caller)


def grants(flags: Flags) -> Grants:
    """What these flags grant."""
    return Grants(
        new=flags.use_websockets,
        shadow=flags.shadow,
        cohort=Cohort(SALT, flags.percent, flags.groups),
        why_old="USE_WEBSOCKETS is false",
        why_shadow="WEBSOCKET_SHADOW is true",
    )


def early(caller: Caller) -> str | None:
    """Why a caller shadows while nobody is told to use WebSocket: staff do."""
    return " and this is staff" if STAFF in caller.names else None


def decide(flags: Flags, person: Person, demotions: Demotions) -> Decision:
    """The transport for this user now."""
    caller = person.caller
    way = choose(SSE, WEBSOCKET, grants(flags), caller, demotions.taken, early(caller))
    return Decision(SHADOW if way.shadow else way.name, way.reason)
