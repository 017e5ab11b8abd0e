"""What the engine needs of demotions, wherever a move keeps them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..choosing import Taken

LONGEST_REASON = 300
LONGEST_SUBJECT = 150


@dataclass(frozen=True)
class Held:
    """A demotion in force: from whom the new way is taken away, why, by whom and since when."""

    scope: str
    subject: str
    reason: str
    by: str
    since: datetime


class DemotionStore(Protocol):
    """The demotions of one move. Scopes are ``all``, ``group`` and ``caller`` (switchover/choosing.py)."""

    def taken(self) -> Taken:
        """The demotions in force, as they are needed to decide: one query."""

    def held(self) -> list[Held]:
        """The demotions in force, for people: the oldest first."""

    def demote(self, scope: str, subject: str, *, reason: str, by: str) -> bool:
        """Take the new way away. Return whether anything changed: an existing demotion keeps its first reason."""

    def restore(self, scope: str, subject: str, *, reason: str, by: str) -> bool:
        """Lift the demotion of this scope, or with ``all`` every demotion. Return whether there was any."""

    def changed_for_all(self, since: datetime, until: datetime) -> datetime | None:
        """When everybody was last demoted or restored between these two moments, both included."""
