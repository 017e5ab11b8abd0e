"""The transport that a user's browser is to use, and why. Pure: it reads neither the database nor the environment.

The environment's flags grant. Demotions (realtime/rollout/demotions.py) can only narrow that. ``USE_WEBSOCKETS=false``
is the kill switch: whatever else is set, nothing that came by WebSocket is then shown.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..access.user_ids import UserId

SSE = "sse"
WEBSOCKET = "websocket"
SHADOW = "shadow"  # both run: SSE is shown, WebSocket is only compared

ALL, GROUP, USER = "all", "group", "user"  # the scopes in which WebSocket can be taken away
SHARES = 10_000  # a user's place in the rollout is known to a hundredth of a percent


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


@dataclass(frozen=True)
class Demotions:
    """The demotions in force: of everybody (the reason, or ``None``), by group name, and by user id."""

    everybody: str | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[UserId, str] = field(default_factory=dict)

    def reason(self, person: Person) -> str | None:
        """Why this user is demoted; ``None`` when they are not."""
        if self.everybody is not None:
            return f"taken away from everybody: {self.everybody}"
        if person.user_id in self.users:
            return f"taken away from this person: {self.users[person.user_id]}"
        for name in sorted(person.groups & self.groups.keys()):
            return f"taken away from group {name}: {self.groups[name]}"
        return None


def share(user_id: UserId) -> float:
    """A user's fixed position in the rollout, 0 to 100: the user is in the cohort once the percentage exceeds it.

    It is a hash and not the id itself, so that the first accounts of an office are not always the first in the cohort.
    """
    digest = hashlib.sha256(f"gistagum websocket rollout {user_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % SHARES * 100 / SHARES


def cohort(flags: Flags, person: Person) -> tuple[bool, str]:
    """Whether a user is in the cohort of these flags, and why. Raising the percentage only ever adds users."""
    for name in sorted(flags.groups & person.groups):
        return True, f"member of {name}"
    place = share(person.user_id)
    relation = "within" if place < flags.percent else "beyond"
    return place < flags.percent, f"share {place:.2f} is {relation} {flags.percent} %"


def decide(flags: Flags, person: Person, demotions: Demotions) -> Decision:
    """The transport for this user now."""
    taken = demotions.reason(person)
    if not flags.use_websockets:
        if flags.shadow and person.is_staff and taken is None:
            return Decision(SHADOW, "WEBSOCKET_SHADOW is true and this is staff; USE_WEBSOCKETS is false")
        return Decision(SSE, "USE_WEBSOCKETS is false")
    if taken is not None:
        return Decision(SSE, taken)
    inside, why = cohort(flags, person)
    if not inside:
        return Decision(SSE, why)
    return Decision(SHADOW, f"{why}; WEBSOCKET_SHADOW is true") if flags.shadow else Decision(WEBSOCKET, why)
