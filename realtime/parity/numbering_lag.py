"""The numbering lag: how long events wait from their writing until they have their place in the log.

It is the same for everybody and every transport, so no transport is judged by it.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from ..log.models import Event
from .compare import percentile

MOST = 5_000  # the newest events, which are measured


class NumberingLag(NamedTuple):
    """Milliseconds from writing an event to its place, the time until the commit included; ``None`` without events."""

    measured: int
    p50_ms: int | None
    p99_ms: int | None


def numbering_lag(since: datetime, until: datetime) -> NumberingLag:
    """The lag of the newest events that got their places in [``since``, ``until``)."""
    rows = Event.objects.filter(at__gte=since, at__lt=until, written_at__isnull=False).order_by("-id")
    lags = sorted(
        max(0, round((at - written_at) / timedelta(milliseconds=1)))  # a clock that was set back gives no negative lag
        for at, written_at in rows.values_list("at", "written_at")[:MOST]
        if written_at is not None
    )
    return NumberingLag(len(lags), percentile(lags, 50), percentile(lags, 99))
