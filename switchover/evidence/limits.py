"""The limits by which a move's evidence is judged."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The worst that the new way may do, and how much data a judgement needs.

    ``different``: answers that differed from the old way's. ``failed_percent``: answers of the new way that failed
    (an exception, or a status of 500 and above), of all that it gave. ``p99_ms``: milliseconds within which 99 % of its
    answers came. ``samples``: so many compared answers, and as many answers, make a judgement. ``strikes``: so many
    broken limits in a row take the new way away from everybody (``manage.py watch_rollout``).
    """

    different: int = 0
    failed_percent: int = 1
    p99_ms: int = 3000
    samples: int = 100
    strikes: int = 3
