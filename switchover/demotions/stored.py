"""The demotions of a move, in the table of all moves."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from ..choosing import ALL, CALLER, GROUP, Taken
from . import in_force
from .interface import Held
from .models import Demotion


class StoredDemotions:
    """The store of the move with this name (switchover/demotions/interface.py)."""

    def __init__(self, move: str) -> None:
        self.move = move

    def taken(self) -> Taken:
        """The demotions in force: one query."""
        rows = {(row.scope, row.subject): row.reason for row in self._in_force()}
        return Taken(
            everybody=rows.get((ALL, "")),
            groups={subject: reason for (scope, subject), reason in rows.items() if scope == GROUP},
            callers={subject: reason for (scope, subject), reason in rows.items() if scope == CALLER},
        )

    def held(self) -> list[Held]:
        """The demotions in force, the oldest first."""
        rows = self._in_force().order_by("since", "id")
        return [Held(row.scope, row.subject, row.reason, row.by, row.since) for row in rows]

    def demote(self, scope: str, subject: str, *, reason: str, by: str) -> bool:
        """Take the new way away. Return whether anything changed."""
        with transaction.atomic():
            _, created = Demotion.objects.get_or_create(
                move=self.move, scope=scope, subject=subject, until=None, defaults={"reason": reason, "by": by}
            )
        in_force.forget(self.move)
        return created

    def restore(self, scope: str, subject: str, *, reason: str, by: str) -> bool:
        """Lift a demotion, or with ``all`` every one. Return whether there was any."""
        found = self._in_force()
        if scope != ALL:
            found = found.filter(scope=scope, subject=subject)
        lifted = found.update(until=timezone.now(), lifted_by=by, lifted_reason=reason)
        in_force.forget(self.move)
        return bool(lifted)

    def changed_for_all(self, since: datetime, until: datetime) -> datetime | None:
        """When everybody was last demoted or restored between these two moments, both included."""
        of_all = Demotion.objects.filter(move=self.move, scope=ALL)
        moments = [
            *of_all.filter(since__range=(since, until)).values_list("since", flat=True),
            *of_all.filter(until__range=(since, until)).values_list("until", flat=True),
        ]
        return max((moment for moment in moments if moment is not None), default=None)

    def _in_force(self) -> QuerySet[Demotion]:
        return Demotion.objects.filter(move=self.move, until=None)
