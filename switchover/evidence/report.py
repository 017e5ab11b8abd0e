"""The evidence of a move: what both ways did between two moments, and the verdict on the new one."""

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import Sum

from realtime.log.events import iso

from . import verdict
from .buckets import percentile
from .limits import Limits
from .models import AnswerCount
from .tally import Tally
from .text import as_text
from .verdict import Check

DIFFERENT, FAILED, P99 = CHECKS = ("different answers", "failed answers in percent", "p99 in ms")

MOST_NAMED = 5  # endpoints in a remark


@dataclass(frozen=True)
class Evidence:
    """A report: ``ways`` has the old and the new way, in this order; ``endpoints`` a tally of the new way for
    each, those with differences and failures first, then those asked most.
    """

    move: str
    since: datetime
    until: datetime
    limits: Limits
    ways: dict[str, Tally]
    endpoints: dict[str, Tally]

    @property
    def new(self) -> Tally:
        """The tally of the way that is judged."""
        return list(self.ways.values())[1]

    @property
    def checks(self) -> list[Check]:
        """The new way's numbers against the limits. A single difference too many is enough to break its limit."""
        new, limits = self.new, self.limits
        timed = sum(new.times.values())
        share = round(100 * new.failed / timed, 2) if timed else None
        enough = timed >= limits.samples
        p99 = percentile(new.times, 99)
        # Once the new way answers callers, there is no shadow any more.
        compared_enough = max(new.compared, new.served) >= limits.samples or new.different > limits.different
        different = verdict.outcome(new.different, limits.different, compared_enough)
        return [
            Check(DIFFERENT, new.different, limits.different, new.compared, limits.samples, 0, different),
            Check(
                FAILED,
                share,
                limits.failed_percent,
                timed,
                limits.samples,
                0,
                verdict.outcome(share, limits.failed_percent, enough),
            ),
            Check(P99, p99, limits.p99_ms, timed, limits.samples, 0, verdict.outcome(p99, limits.p99_ms, enough)),
        ]

    @property
    def verdict(self) -> str:
        """``good``, ``bad`` or ``not enough data``."""
        return verdict.verdict(self.checks)

    @property
    def remarks(self) -> list[str]:
        """What the comparisons do not cover: the share of requests, and the endpoints of which none was compared."""
        wanted = self.new.compared + self.new.skipped
        never = sorted(name for name, tally in self.endpoints.items() if tally.skipped and not tally.compared)
        found = []
        if self.new.skipped:
            found.append(f"{round(100 * self.new.skipped / wanted)} % of {wanted} requests in shadow not compared")
        if never:
            more = f" and {len(never) - MOST_NAMED} more" if len(never) > MOST_NAMED else ""
            found.append(f"never compared: {', '.join(never[:MOST_NAMED])}{more}")
        return found

    def outcome(self) -> dict[str, Any]:
        """The report for scripts."""
        return {
            "move": self.move,
            "since": iso(self.since),
            "until": iso(self.until),
            "verdict": self.verdict,
            "checks": [check._asdict() for check in self.checks],
            "limits": asdict(self.limits),
            "ways": {name: tally.numbers() for name, tally in self.ways.items()},
            "endpoints": {name: tally.numbers() for name, tally in self.endpoints.items()},
        }

    def text(self) -> str:
        """The report for people, its verdict last."""
        return as_text(self)


def measure(move: str, ways: tuple[str, str], limits: Limits, since: datetime, until: datetime) -> Evidence:
    """The evidence of the move of this name, whose old and new way are ``ways``, in [``since``, ``until``).

    Counts are kept by the minute: those of a minute that has begun before ``since`` belong to the span before. One
    query.
    """
    rows = (
        AnswerCount.objects.filter(move=move, way__in=ways, minute__gte=since, minute__lt=until)
        .values_list("way", "endpoint", "kind", "within_ms")
        .annotate(total=Sum("count"))
    )
    tallies = {way: Tally() for way in ways}
    endpoints: dict[str, Tally] = defaultdict(Tally)
    for way, endpoint, kind, within_ms, total in rows:
        tallies[way].add(kind, within_ms, total)
        if way == ways[1]:
            endpoints[endpoint].add(kind, within_ms, total)
    return Evidence(move, since, until, limits, tallies, dict(sorted(endpoints.items(), key=_worst_first)))


def _worst_first(one: tuple[str, Tally]) -> tuple[int, int, str]:
    endpoint, tally = one
    return -tally.different - tally.failed, -sum(tally.kinds.values()), endpoint
