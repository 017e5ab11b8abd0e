"""The parity report: reads the browsers' reports and applies compare.py and verdict.py."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Subquery

from realtime.access import accounts, audience
from realtime.access.user_ids import UserId, all_of_json
from realtime.log import epochs, events, position
from realtime.log.events import AuthorityChanged, iso
from realtime.log.models import Event, LogEpoch
from realtime.parity.compare import Arrival, Link, Log, Logged, Tally, compare, tally
from realtime.parity.models import Fallback, Feedback, LinkReport, Receipt
from realtime.parity.numbering_lag import NumberingLag, numbering_lag

from . import verdict
from .verdict import Check, Limits

COMMENTS = 10  # the latest words of people that a report carries
NAMES = {"sse": "SSE", "websocket": "WebSocket", "poll": "polling"}


@dataclass(frozen=True)
class Parity:
    """A report: what each transport did between two moments, and the verdict on WebSocket."""

    since: datetime
    until: datetime
    limits: Limits
    tallies: dict[str, Tally]
    shadow: dict[str, Any] | None
    fallbacks: list[dict[str, Any]]
    feedback: dict[str, Any]
    epochs: list[LogEpoch]
    numbering: NumberingLag

    @property
    def websocket(self) -> Tally:
        """The transport that is judged."""
        return self.tallies.get("websocket") or Tally()

    @property
    def checks(self) -> list[Check]:
        """WebSocket's numbers against the limits."""
        return verdict.checks(self.websocket, self.limits)

    @property
    def verdict(self) -> str:
        """``good``, ``bad`` or ``not enough data``."""
        return verdict.verdict(self.checks)

    def outcome(self) -> dict[str, Any]:
        """The report for scripts."""
        return {
            "since": iso(self.since),
            "until": iso(self.until),
            "verdict": self.verdict,
            "checks": [check._asdict() for check in self.checks],
            "limits": asdict(self.limits),
            "transports": {name: self.tallies.get(name, Tally()).numbers() for name in NAMES},
            "fallbacks": self.fallbacks,
            "shadow": self.shadow,
            "feedback": self.feedback,
            "epochs": [
                {"epoch": one.pk, "at": iso(one.started_at), "cut": one.cut, "begins": one.begins}
                for one in self.epochs
            ],
            "numbering": self.numbering._asdict(),
        }


def limits() -> Limits:
    """The limits that the environment sets."""
    return Limits(
        failed_percent=settings.ROLLOUT_MAX_FAILED_PERCENT,
        missing=settings.ROLLOUT_MAX_MISSING,
        p99_ms=settings.ROLLOUT_MAX_P99_MS,
        connections=settings.ROLLOUT_MIN_CONNECTIONS,
        events=settings.ROLLOUT_MIN_EVENTS,
    )


def newest_part(since: datetime, most: int) -> datetime:
    """``since``, or a later moment where that is too much to judge: the start of the newest ``most`` receipts."""
    one = slice(most, most + 1)
    received = Receipt.objects.order_by("-id").values("event_id")[one]
    bounds = Event.objects.filter(pk__in=Subquery(received)).values_list("at", flat=True)
    logged = Event.objects.order_by("-id").values_list("at", flat=True)[one]
    return max([since, *bounds, *logged])


def measure(since: datetime, until: datetime, transports: Collection[str] = tuple(NAMES)) -> Parity:
    """Judge what happened in [``since``, ``until``) by these transports.

    A fixed number of queries; memory grows with the receipts.
    """
    # The order counts. Links before receipts: a cursor is then never ahead of what came up to it. The newest event
    # before people's keys: a change of them between the two is an event that is not judged.
    at = position.read_numbered()
    told_of = LinkReport.objects.filter(reported_at__gte=since, opened_at__lt=until)
    rows = list(told_of)
    begun = epochs.begun(since, until)
    judged = _events(since, until, at.newest) if any(row.transport in transports for row in rows) else {}
    first = min([*judged, *(epoch.cut + 1 for epoch in begun)], default=0)
    last = max([*judged, *(epoch.begins for epoch in begun)], default=-1)
    arrivals = _arrivals(told_of.filter(transport__in=transports), first, last)
    links = [_link(row, arrivals.get(row.pk, [])) for row in rows]
    people: set[UserId] = {row.user_id for row in rows}
    log = Log(judged.values(), audience.keys_of(accounts.read(people)), _floors(since, people), at.history)
    bounds = limits()
    return Parity(
        since=since,
        until=until,
        limits=bounds,
        tallies=tally(links, log, since=since, until=until, late_ms=bounds.p99_ms, transports=transports),
        shadow=compare(links, log),
        fallbacks=[
            {"from": row["left"], "to": row["taken"], "reason": row["reason"], "times": row["times"]}
            for row in Fallback.objects.filter(at__gte=since, at__lt=until)
            .values("left", "taken", "reason")
            .annotate(times=Count("pk"))
            .order_by("-times", "left", "taken", "reason")
        ],
        feedback=_feedback(since, until),
        epochs=begun,
        numbering=numbering_lag(since, until),
    )


def _events(since: datetime, until: datetime, newest: int) -> dict[int, Logged]:
    """The events of this span, none of them above ``newest``, by id and in order.

    ``at`` never decreases, so a clock that was ahead for a while leaves it ahead. The moment of writing counts then.
    """
    ahead = Q(at__gte=until, written_at__gte=since, written_at__lt=until)
    rows = Event.objects.filter(Q(at__gte=since, at__lt=until) | ahead, id__lte=newest).order_by("id")
    return {
        row["id"]: Logged(
            row["id"],
            row["at"] if row["at"] < until else row["written_at"] or row["at"],
            events.topic_of(row["type"]),
            frozenset(row["audience"]),
        )
        for row in rows.values("id", "at", "written_at", "type", "audience")
    }


def _arrivals(links: QuerySet[LinkReport], first: int, last: int) -> dict[int, list[Arrival]]:
    """The receipts of these links for these events, by the link's row, in the order in which they came."""
    rows = (
        Receipt.objects.filter(link__in=links, event_id__gte=first, event_id__lte=last)
        .order_by("link_id", "position")
        .values_list("link_id", "event_id", "delay_ms", "painted_ms")
    )
    by_link = groupby(rows.iterator(5_000), key=lambda row: row[0])
    return {link_id: [Arrival(*row[1:]) for row in group] for link_id, group in by_link}


def _link(row: LinkReport, arrivals: list[Arrival]) -> Link:
    return Link(
        user_id=row.user_id,
        transport=row.transport,
        opened_at=row.opened_at,
        shown=row.shown,
        topics=frozenset(row.topics),
        worked_at=row.worked_at,
        heard_at=row.heard_at,
        ended_at=row.ended_at,
        reason=row.reason,
        cursor_from=row.cursor_from,
        cursor_to=row.cursor_to,
        dropped=row.dropped,
        refused=row.refused,
        arrivals=arrivals,
    )


def _floors(since: datetime, people: set[UserId]) -> dict[UserId, int]:
    """The newest change of what each of these users may see. What they could see before it is not known."""
    changes = Event.objects.filter(type=AuthorityChanged.type, at__gte=since).order_by("id").values_list("id", "fields")
    return {user_id: event_id for event_id, fields in changes for user_id in people & all_of_json(fields["user_ids"])}


def _feedback(since: datetime, until: datetime) -> dict[str, Any]:
    """The feedback: yes and no by transport, and the latest comments."""
    said = Feedback.objects.filter(at__gte=since, at__lt=until)
    counts = said.values("transport").annotate(
        yes=Count("pk", filter=Q(live=True)), no=Count("pk", filter=Q(live=False))
    )
    comments = said.exclude(comment="").values("at", "live", "transport", "phase", "page", "comment")
    return {
        "transports": {row["transport"]: {"yes": row["yes"], "no": row["no"]} for row in counts.order_by("transport")},
        "comments": list(comments.order_by("-at", "-id")[:COMMENTS]),
    }
