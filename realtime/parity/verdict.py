"""Judges a transport's numbers by the rollout's limits. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from .compare import Tally

GOOD, BAD, UNKNOWN = "good", "bad", "not enough data"
FAILED, MISSING, P99 = LIMITS = ("failed connections in percent", "missing events", "p99 in ms")


@dataclass(frozen=True)
class Limits:
    """The worst that a transport may do, and how much data a judgement needs (docs/operating.md)."""

    failed_percent: int
    missing: int
    p99_ms: int
    connections: int
    events: int


class Check(NamedTuple):
    """One limit: the measured value, on how much data, which users it hit, and the outcome (``GOOD``, ``BAD``,
    ``UNKNOWN``).
    """

    name: str
    value: float | None
    limit: int
    of: int
    needed: int
    people: int
    outcome: str

    def __str__(self) -> str:
        if self.outcome == UNKNOWN:
            return f"{self.name}: {UNKNOWN}, {self.of} of {self.needed}"
        relation = "over" if self.outcome == BAD else "within"
        hit = f", {self.people} {'person' if self.people == 1 else 'people'} hit" if self.people else ""
        return f"{self.name}: {self.value:g} (of {self.of}{hit}) is {relation} the limit of {self.limit}"


def checks(one: Tally, limits: Limits) -> list[Check]:
    """A transport's numbers compared with the limits. A single missing event is enough to break its limit."""
    share, p99 = one.failed_percent, one.percentile(99)
    met, measured = one.tried - one.away, len(one.delays)
    missing = BAD if one.missing > limits.missing else GOOD if one.owed >= limits.events else UNKNOWN
    return [
        Check(
            FAILED,
            share,
            limits.failed_percent,
            met,
            limits.connections,
            len(one.failed_for),
            _outcome(share, limits.failed_percent, met >= limits.connections),
        ),
        Check(MISSING, one.missing, limits.missing, one.owed, limits.events, len(one.missed_by), missing),
        Check(
            P99,
            p99,
            limits.p99_ms,
            measured,
            limits.events,
            len(one.late_for),
            _outcome(p99, limits.p99_ms, measured >= limits.events),
        ),
    ]


def _outcome(value: float | None, limit: float, enough: bool) -> str:
    if value is None or not enough:
        return UNKNOWN
    return BAD if value > limit else GOOD


def verdict(found: Iterable[Check]) -> str:
    """``BAD`` when a limit is broken, ``GOOD`` when all are kept, else ``UNKNOWN``."""
    outcomes = {check.outcome for check in found}
    return BAD if BAD in outcomes else UNKNOWN if UNKNOWN in outcomes else GOOD
