"""The demotions of the transport's move, as the engine needs them, in the tables that they have always had."""

from datetime import datetime

from django.db.models import Max

from realtime.rollout.models import TransportChange, TransportHold

from ..choosing import CALLER, Taken
from ..demotions.interface import Held
from . import demotions, grants, transport


class TransportDemotions:
    """The store of the transport's demotions (switchover/demotions/interface.py). A caller's key is the user's id."""

    def taken(self) -> Taken:
        """The demotions in force: one query."""
        return grants.demotions().taken

    def held(self) -> list[Held]:
        """The demotions in force, the oldest first."""
        rows = TransportHold.objects.order_by("at", "id")
        return [Held(_general(row.scope), row.target, row.reason, row.by, row.at) for row in rows]

    def demote(self, scope: str, subject: str, *, reason: str, by: str) -> bool:
        """Take WebSocket away. Return whether anything changed."""
        return demotions.demote(_own(scope), subject, reason=reason, by=by)

    def restore(self, scope: str, subject: str, *, reason: str, by: str) -> bool:
        """Lift a demotion, or with ``all`` every one. Return whether there was any."""
        return demotions.restore(_own(scope), subject, reason=reason, by=by)

    def changed_for_all(self, since: datetime, until: datetime) -> datetime | None:
        """When everybody was last demoted or restored between these two moments, both included."""
        changes = TransportChange.objects.filter(scope=transport.ALL, at__range=(since, until))
        found: datetime | None = changes.aggregate(at=Max("at"))["at"]
        return found


def _general(scope: str) -> str:
    return CALLER if scope == transport.USER else scope


def _own(scope: str) -> str:
    return transport.USER if scope == CALLER else scope
