"""The charts of the control room over time, read in a fixed number of queries over a bounded window."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, Subquery
from django.utils import timezone

from realtime.log.models import Event
from realtime.parity.compare import percentile
from realtime.parity.models import Fallback, Receipt
from realtime.rollout.models import ConnectionSample, ServerProcess

from ..transport.report import NAMES
from .charts import Chart, Series, milliseconds

MOST_SAMPLES = 20_000  # read for the chart of connections
MOST_RECEIPTS = 5_000  # the newest, read for the chart of delays
MOST_FALLBACKS = 5_000
MOST_EVENTS = 20_000  # the newest, read for the chart of events
LISTED = 10
LATEST_FALLBACKS = 4


@dataclass(frozen=True)
class Window:
    """The span that the page covers. A chart's columns have so many minutes."""

    hours: int
    connections_minutes: int
    delay_minutes: int
    now: datetime

    @property
    def since(self) -> datetime:
        """Its beginning."""
        return self.now - timedelta(hours=self.hours)

    def moments(self, minutes: int) -> list[datetime]:
        """The beginnings of columns of so many whole minutes; the last column contains the present moment."""
        step = timedelta(minutes=minutes)
        begun = timedelta(seconds=self.now.timestamp() % step.total_seconds())
        last = self.now - begun
        count = self.hours * 60 // minutes
        return [last - step * (count - 1 - number) for number in range(count)]


HOURS = {1: (1, 5), 6: (5, 15), 24: (15, 60)}


def window(asked: str | None) -> Window:
    """The window for a request: 1, 6 or 24 hours; one hour for anything else."""
    hours = next((hours for hours in HOURS if str(hours) == asked), 1)
    return Window(hours, *HOURS[hours], timezone.now())


def connections(view: Window, running: Iterable[ServerProcess]) -> Chart:
    """The number of connections per transport: the maximum in each column; in the last one, what servers report now."""
    moments = view.moments(view.connections_minutes)
    rows = ConnectionSample.objects.filter(at__gte=moments[0]).order_by("-at")
    samples = list(rows.values_list("process", "at", "sse", "websocket")[:MOST_SAMPLES])
    # A sample holds for the minute that it was made in and the next one, when the process may be late with its own.
    held: dict[tuple[str, int], tuple[int, int]] = {}
    for process, at, sse, websocket in reversed(samples):
        minute = int(at.timestamp() // 60)
        held[process, minute] = held[process, minute + 1] = (sse, websocket)
    totals: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for (_, minute), (sse, websocket) in held.items():
        totals[minute][0] += sse
        totals[minute][1] += websocket
    columns: list[list[float | None]] = [[None, None] for _ in moments]
    begin = int(moments[0].timestamp() // 60)
    for minute, counts in totals.items():
        number = (minute - begin) // view.connections_minutes
        if 0 <= number < len(columns):
            columns[number] = [max(one or 0, other) for one, other in zip(columns[number], counts, strict=True)]
    now = list(running)
    if now:
        columns[-1] = [sum(one.sse for one in now), sum(one.websocket for one in now)]
    values = list(zip(*columns, strict=True))
    most = [max((value for value in one if value is not None), default=0) for one in values]
    return Chart(
        name="connections",
        moments=moments,
        series=[Series("websocket", "WebSocket", values[1]), Series("sse", "SSE", values[0])],
        summary=f"Open connections in the last {span(view)}. WebSocket: {columns[-1][1] or 0} now, {most[1]} at most. "
        f"SSE: {columns[-1][0] or 0} now, {most[0]} at most.",
    )


def delays(view: Window) -> tuple[Chart, list[dict[str, Any]]]:
    """From commit to browser: the 99th percentile over time, and percentiles by transport, of the newest receipts.

    Events that a client caught up with after a break are left out: their delay says nothing about the transport.
    """
    moments = view.moments(view.delay_minutes)
    logged = Event.objects.filter(pk=OuterRef("event_id")).values("at")[:1]
    rows = (
        Receipt.objects.order_by("-id")
        .annotate(logged_at=Subquery(logged))
        .values_list("link__transport", "link__opened_at", "delay_ms", "logged_at")[:MOST_RECEIPTS]
    )
    found: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for name, opened_at, delay, at in rows:
        if at is not None and delay is not None and max(opened_at, moments[0]) <= at:
            number = int((at - moments[0]).total_seconds() // (60 * view.delay_minutes))
            found[name][min(number, len(moments) - 1)].append(delay)
    series, table = [], []
    for name in ("websocket", "sse", "poll"):
        if name not in found:
            continue
        columns = found[name]
        values = [percentile(sorted(columns[i]), 99) if i in columns else None for i in range(len(moments))]
        series.append(Series(name, NAMES[name], values))
        everything = sorted(delay for column in columns.values() for delay in column)
        percentiles = {f"p{percent}": percentile(everything, percent) for percent in (50, 95, 99)}
        table.append({"key": name, "name": NAMES[name], "of": len(everything), **percentiles})
    told = "; ".join(f"{one['name']}: half within {one['p50']} ms, 99 of 100 within {one['p99']} ms" for one in table)
    chart = Chart(
        name="delay",
        moments=moments,
        series=series,
        summary=f"From commit to browser in the last {span(view)}, 99th percentile. {told}.",
        limit=settings.ROLLOUT_MAX_P99_MS,
        write=milliseconds,
    )
    return chart, table


def events(view: Window) -> Chart:
    """The events of the log per minute. Before the oldest of the ``MOST_EVENTS`` that are read, nothing is known."""
    minutes = view.connections_minutes
    moments = view.moments(minutes)
    newest = list(Event.objects.order_by("-id").values_list("at", flat=True)[:MOST_EVENTS])
    counts: Counter[int] = Counter()
    for at in newest:
        if at >= moments[0]:
            counts[min(int((at - moments[0]).total_seconds() // (60 * minutes)), len(moments) - 1)] += 1
    whole = len(newest) < MOST_EVENTS
    known = [whole or moment > newest[-1] for moment in moments]
    values = [round(counts[i] / minutes, 1) if known[i] else None for i in range(len(moments))]
    shown = [value for value in values if value is not None]
    return Chart(
        name="events",
        moments=moments,
        series=[Series("events", "events per minute", values)] if any(shown) else [],
        summary=f"Events in the last {span(view)}: {sum(counts.values())} in all, at most {max(shown, default=0):g} "
        f"per minute.",
        bars=True,
    )


def fallbacks(view: Window) -> dict[str, Any]:
    """When browsers fell back to a lesser transport: over time, by reason, and the latest ones with the user."""
    moments = view.moments(view.delay_minutes)
    recent = Fallback.objects.filter(at__gte=moments[0])
    rows = recent.order_by("-at").values_list("at", "taken")[:MOST_FALLBACKS]
    counts: Counter[tuple[str, int]] = Counter()
    for at, taken in rows:
        number = int((at - moments[0]).total_seconds() // (60 * view.delay_minutes))
        counts[taken, min(number, len(moments) - 1)] += 1
    series = [
        Series(name, f"to {NAMES[name]}", [counts[name, i] for i in range(len(moments))])
        for name in ("sse", "poll")
        if name == "sse" or any(taken == name for taken, _ in counts)
    ]
    total = counts.total()
    by_reason = recent.values("left", "taken", "reason").annotate(times=Count("pk"))
    return {
        "chart": Chart(
            name="fallbacks",
            moments=moments,
            series=series if total else [],
            summary=f"{total} fallbacks in the last {span(view)}.",
            bars=True,
        ),
        "total": total,
        "more": total == MOST_FALLBACKS,
        "by_reason": list(by_reason.order_by("-times", "left", "taken", "reason")[:LISTED]),
        "latest": list(recent.select_related("user").order_by("-at", "-id")[:LATEST_FALLBACKS]),
    }


def span(view: Window) -> str:
    """``hour``, ``6 hours``."""
    return "hour" if view.hours == 1 else f"{view.hours} hours"
