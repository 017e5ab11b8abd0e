"""Judges a transport's numbers by the rollout's limits. Pure."""

from dataclasses import dataclass

from realtime.parity.compare import Tally

from ..evidence.verdict import BAD, GOOD, UNKNOWN, Check, outcome, verdict

__all__ = ["BAD", "FAILED", "GOOD", "LIMITS", "MISSING", "P99", "UNKNOWN", "Check", "Limits", "checks", "verdict"]

FAILED, MISSING, P99 = LIMITS = ("failed connections in percent", "missing events", "p99 in ms")


@dataclass(frozen=True)
class Limits:
    """The worst that a transport may do, and how much data a judgement needs (docs/operating.md)."""

    failed_percent: int
    missing: int
    p99_ms: int
    connections: int
    events: int


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
            outcome(share, limits.failed_percent, met >= limits.connections),
        ),
        Check(MISSING, one.missing, limits.missing, one.owed, limits.events, len(one.missed_by), missing),
        Check(
            P99,
            p99,
            limits.p99_ms,
            measured,
            limits.events,
            len(one.late_for),
            outcome(p99, limits.p99_ms, measured >= limits.events),
        ),
    ]
