"""Counted answers, added up. Pure."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .buckets import percentile
from .models import Kind

COMPARED = (Kind.SAME, Kind.DIFFERENT, Kind.SHADOW_FAILED, Kind.UNSETTLED)
TIMED = (Kind.SERVED, Kind.FAILED, *COMPARED)


@dataclass
class Tally:
    """The answers of one way, or of both at one endpoint: how many of each kind, and how many took how long."""

    kinds: Counter[str] = field(default_factory=Counter)
    times: Counter[int] = field(default_factory=Counter)

    def add(self, kind: str, within_ms: int, count: int) -> None:
        """Count so many answers of a kind that took so long at the most."""
        self.kinds[kind] += count
        if kind in TIMED:
            self.times[within_ms] += count

    @property
    def served(self) -> int:
        """The answers that callers were given, failures included."""
        return self.kinds[Kind.SERVED] + self.kinds[Kind.FAILED]

    @property
    def compared(self) -> int:
        """The comparisons that came to a result."""
        return sum(self.kinds[kind] for kind in COMPARED)

    @property
    def failed(self) -> int:
        """The answers that failed, before callers or in the shadow."""
        return self.kinds[Kind.FAILED] + self.kinds[Kind.SHADOW_FAILED]

    @property
    def different(self) -> int:
        """The comparisons that found a difference that stayed."""
        return self.kinds[Kind.DIFFERENT]

    @property
    def same(self) -> int:
        """The comparisons that found no difference, or none that stayed."""
        return self.kinds[Kind.SAME] + self.kinds[Kind.UNSETTLED]

    @property
    def skipped(self) -> int:
        """The requests in shadow that could not be compared."""
        return self.kinds[Kind.SKIPPED]

    def numbers(self) -> dict[str, Any]:
        """The tally as plain values, for reports."""
        return {
            "served": self.served,
            **{kind: self.kinds[kind] for kind in Kind.values if kind != Kind.SERVED},
            **{f"p{percent}_ms": percentile(self.times, percent) for percent in (50, 95, 99)},
        }
