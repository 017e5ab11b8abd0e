"""How long answers took, counted in classes. Pure."""

from collections.abc import Mapping

BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000)
MORE = 60_000  # all that took longer


def bound(milliseconds: float) -> int:
    """The class of a time: the smallest bound that is not below it."""
    return next((one for one in BOUNDS if milliseconds <= one), MORE)


def percentile(counts: Mapping[int, int], percent: int) -> int | None:
    """The bound within which so many percent of the counted times are; ``None`` without any."""
    total, seen = sum(counts.values()), 0
    for one in sorted(counts):
        seen += counts[one]
        if seen * 100 >= total * percent and counts[one]:
            return one
    return None
