"""Judges measured values by limits. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

GOOD, BAD, UNKNOWN = "good", "bad", "not enough data"


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


def outcome(value: float | None, limit: float, enough: bool) -> str:
    """``BAD`` above the limit, ``GOOD`` within it, ``UNKNOWN`` without a value or without enough data."""
    if value is None or not enough:
        return UNKNOWN
    return BAD if value > limit else GOOD


def verdict(found: Iterable[Check]) -> str:
    """``BAD`` when a limit is broken, ``GOOD`` when all are kept, else ``UNKNOWN``."""
    outcomes = {check.outcome for check in found}
    return BAD if BAD in outcomes else UNKNOWN if UNKNOWN in outcomes else GOOD
