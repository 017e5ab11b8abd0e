"""The watch: judges a move again and again, and demotes everybody when a limit is broken too often in a row.

Each limit has its own count of strikes and its own span to judge, which begins where it was last judged. So no fault is
counted twice, a small office collects data until there is enough, and too little data neither is a strike nor ends a
row of strikes. For a while "good" is provisional: some evidence comes late, and the worst comes last. The watch never
restores the new way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from realtime.log.events import iso

from ..choosing import ALL
from ..demotions.interface import LONGEST_REASON, DemotionStore
from . import verdict
from .verdict import Check

BY = "manage.py watch_rollout"
FIRST = timedelta(hours=1)  # how far back the first look of all looks
FURTHEST = timedelta(hours=6)  # what is older is not judged any more, however little there was
CLOCKS_APART = timedelta(minutes=1)  # what two machines' clocks may differ by


class Watched(Protocol):
    """What the watch needs of a move (switchover/moves.py)."""

    @property
    def subject(self) -> str:
        """What is taken away, in words."""

    @property
    def check_names(self) -> Sequence[str]:
        """The limits that are judged."""

    @property
    def strikes(self) -> int:
        """So many broken limits in a row demote everybody."""

    @property
    def settle(self) -> timedelta:
        """For so long "good" is provisional."""

    @property
    def demotions(self) -> DemotionStore:
        """The demotions of the move."""

    @property
    def watch_key(self) -> Mapping[str, Any]:
        """The fields, besides the limit's name, by which a row of the watch is found and made."""

    def watch_states(self) -> QuerySet[Any]:
        """The rows of the watch."""

    def complete(self, until: datetime) -> datetime:
        """The last moment up to ``until`` before which nothing more is counted."""

    def judge(self, since: datetime, until: datetime) -> Sequence[Check]:
        """The checks for [``since``, ``until``)."""


@dataclass(frozen=True)
class Look:
    """The outcome of one look. ``strikes``: by limit, afterwards. ``demoted``: why everybody was demoted, or empty."""

    at: datetime
    verdict: str
    checks: tuple[Check, ...]
    strikes: dict[str, int]
    demoted: str = ""
    held: str | None = None
    subject: str = ""

    def line(self) -> str:
        """The outcome on one line."""
        taken = f"{self.subject} is taken away from everybody"
        if self.held is not None:
            return f"{iso(self.at)} nothing to judge: {taken} ({self.held})"
        found = "; ".join(f"{check}, strikes {self.strikes[check.name]}" for check in self.checks)
        end = f"; {taken}: {self.demoted}" if self.demoted else ""
        return f"{iso(self.at)} {self.verdict}: {found}{end}"

    def outcome(self) -> dict[str, Any]:
        """The outcome for scripts."""
        return {
            "at": iso(self.at),
            "verdict": self.verdict,
            "checks": [{**check._asdict(), "strikes": self.strikes[check.name]} for check in self.checks],
            "demoted": self.demoted,
            "held": self.held,
        }


def look(move: Watched, settle: timedelta) -> Look:
    """Judge what happened since the last judgement, except for the last ``settle``, which is not reported yet."""
    now = timezone.now()
    held = next((one for one in move.demotions.held() if one.scope == ALL), None)
    if held is not None:
        _begin_anew(move, now)
        return Look(now, verdict.UNKNOWN, (), {}, held=held.reason, subject=move.subject)
    # By a clock that was ahead, it would stay blind until that time has come.
    move.watch_states().filter(judged_to__gt=now + CLOCKS_APART).update(judged_to=now)
    judged_to = dict(move.watch_states().values_list("name", "judged_to"))
    # Evidence from before the last demotion or restoration says nothing about the present.
    earliest = move.demotions.changed_for_all(now - FURTHEST, now) or now - FURTHEST
    since = {name: max(judged_to.get(name, now - FIRST), earliest) for name in move.check_names}
    return _judged(move, now, move.complete(now - settle), since)


def _judged(move: Watched, now: datetime, until: datetime, since: dict[str, datetime]) -> Look:
    judged = {moment: move.judge(moment, until) for moment in set(since.values())}
    checks = tuple(next(check for check in judged[since[name]] if check.name == name) for name in move.check_names)
    strikes, demoted = {}, ""
    final = min(until, now - move.settle)
    with transaction.atomic():
        for check in checks:
            row, _ = (
                move.watch_states()
                .select_for_update()
                .get_or_create(
                    name=check.name, **move.watch_key, defaults={"judged_to": since[check.name], "looked_at": now}
                )
            )
            # Another watch has judged this meanwhile: once is enough.
            if check.outcome != verdict.UNKNOWN and row.judged_to <= since[check.name]:
                if check.outcome == verdict.BAD:
                    row.judged_to, row.strikes = until, row.strikes + 1
                elif final > row.judged_to:
                    row.judged_to, row.strikes = final, 0
                if row.strikes >= move.strikes:
                    demoted = demoted or _reason(check, row.strikes)
            row.looked_at, row.line = now, str(check)
            row.save()
            strikes[check.name] = row.strikes
        if demoted:
            move.demotions.demote(ALL, "", reason=demoted, by=BY)
            _begin_anew(move, now)
    return Look(now, verdict.verdict(checks), checks, strikes, demoted, subject=move.subject)


def _reason(check: Check, strikes: int) -> str:
    return f"{check}, {'once' if strikes == 1 else f'{strikes} times in a row'}"[:LONGEST_REASON]


def _begin_anew(move: Watched, now: datetime) -> None:
    move.watch_states().update(strikes=0, judged_to=now, looked_at=now)
