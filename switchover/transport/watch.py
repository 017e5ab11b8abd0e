"""The watch: judges the rollout again and again, and demotes everybody when a limit is broken too often in a row.

Each limit has its own count of strikes and its own span to judge, which begins where it was last judged. So no fault is
counted twice, a small office collects data until there is enough, and too little data neither is a strike nor ends a
row of strikes. Within ``REPORTED_WITHIN``, "good" is provisional: some browsers report that late, and the worst cases
report last. The watch never restores WebSocket.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from realtime.log.events import iso
from realtime.rollout.models import RolloutWatch, TransportChange, TransportHold

from . import demotions, transport, verdict
from .report import measure
from .verdict import Check

logger = logging.getLogger(__name__)

BY = "manage.py watch_rollout"
FIRST = timedelta(hours=1)  # how far back the first look of all looks
# An idle browser reports its cursor every seven minutes at the latest (IDLE_DELAY in
# realtime/static/realtime/js/reports/receipts.js), and one whose socket falls silent notices after a while. Until then
# "good" is provisional.
REPORTED_WITHIN = timedelta(minutes=10)
FURTHEST = timedelta(hours=6)  # what is older is not judged any more, however little there was
CLOCKS_APART = timedelta(minutes=1)  # what two machines' clocks may differ by
LONGEST_REASON = 300


@dataclass(frozen=True)
class Look:
    """The outcome of one look. ``strikes``: by limit, afterwards. ``demoted``: why everybody was demoted, or empty."""

    at: datetime
    verdict: str
    checks: tuple[Check, ...]
    strikes: dict[str, int]
    demoted: str = ""
    held: str | None = None

    def line(self) -> str:
        """The outcome on one line."""
        if self.held is not None:
            return f"{iso(self.at)} nothing to judge: WebSocket is taken away from everybody ({self.held})"
        found = "; ".join(f"{check}, strikes {self.strikes[check.name]}" for check in self.checks)
        end = f"; WebSocket is taken away from everybody: {self.demoted}" if self.demoted else ""
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


def look(settle: timedelta) -> Look:
    """Judge what happened since the last judgement, except for the last ``settle``, which is not reported yet."""
    now = timezone.now()
    hold = TransportHold.objects.filter(scope=transport.ALL).first()
    if hold is not None:
        _begin_anew(now)
        return Look(now, verdict.UNKNOWN, (), {}, held=hold.reason)
    # By a clock that was ahead, it would stay blind until that time has come.
    RolloutWatch.objects.filter(judged_to__gt=now + CLOCKS_APART).update(judged_to=now)
    judged_to = dict(RolloutWatch.objects.values_list("name", "judged_to"))
    changes = TransportChange.objects.filter(scope=transport.ALL, at__gte=now - FURTHEST, at__lte=now)
    # Reports from before the last demotion or restoration say nothing about the present.
    earliest = changes.aggregate(at=Max("at"))["at"] or now - FURTHEST
    since = {name: max(judged_to.get(name, now - FIRST), earliest) for name in verdict.LIMITS}
    return _judged(now, now - settle, since)


def _judged(now: datetime, until: datetime, since: dict[str, datetime]) -> Look:
    measured = {moment: measure(moment, until, [transport.WEBSOCKET]) for moment in set(since.values())}
    checks = tuple(
        next(check for check in measured[since[name]].checks if check.name == name) for name in verdict.LIMITS
    )
    strikes, demoted = {}, ""
    final = min(until, now - REPORTED_WITHIN)
    with transaction.atomic():
        for check in checks:
            row, _ = RolloutWatch.objects.select_for_update().get_or_create(
                name=check.name, defaults={"judged_to": since[check.name], "looked_at": now}
            )
            # Another watch has judged this meanwhile: once is enough.
            if check.outcome != verdict.UNKNOWN and row.judged_to <= since[check.name]:
                if check.outcome == verdict.BAD:
                    row.judged_to, row.strikes = until, row.strikes + 1
                elif final > row.judged_to:
                    row.judged_to, row.strikes = final, 0
                if row.strikes >= settings.ROLLOUT_STRIKES:
                    demoted = demoted or _reason(check, row.strikes)
            row.looked_at, row.line = now, str(check)
            row.save()
            strikes[check.name] = row.strikes
        if demoted:
            demotions.demote(transport.ALL, "", reason=demoted, by=BY)
            _begin_anew(now)
            logger.warning("WebSocket is taken away from everybody: %s", demoted)
    return Look(now, verdict.verdict(checks), checks, strikes, demoted)


def _reason(check: Check, strikes: int) -> str:
    return f"{check}, {'once' if strikes == 1 else f'{strikes} times in a row'}"[:LONGEST_REASON]


def _begin_anew(now: datetime) -> None:
    RolloutWatch.objects.update(strikes=0, judged_to=now, looked_at=now)
