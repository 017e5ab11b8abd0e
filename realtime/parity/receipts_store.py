"""Stores reports: each once, however often it is sent, in a fixed number of queries."""

from collections.abc import Set
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from ..access import accounts, audience
from ..log import clock, epochs, events
from ..log.models import Event
from .models import Fallback, LinkReport, Receipt
from .receipts_form import Report, ReportedLink

A_DAY = 5_000  # new links of one person
MOST_FALLBACKS = 5_000  # of one person that are kept
CLOCKS_APART = 1_000  # milliseconds by which the clocks of two servers may differ
MERGED = (
    "worked_at",
    "heard_at",
    "ended_at",
    "reason",
    "cursor_from",
    "cursor_to",
    "dropped",
    "refused",
    "reported_at",
)


class TooMany(Exception):
    """This user has reported more connections in a day than anybody can have."""


def store(user: Any, report: Report) -> tuple[int, int]:
    """Store a user's report. Return how many of its receipts are for events that they may see, and how many are not.

    Receipts for ids of a lost history count as the former: nobody can tell any more who might see those events.

    Earlier reports of a link are completed, never taken back. A report that comes twice, or after a newer one, changes
    nothing. Raises TooMany for more than ``A_DAY`` new links or ``MOST_FALLBACKS``.
    """
    now = clock.now()
    # Before the events, which are then never newer than what the person may see.
    keys = audience.keys_of(accounts.read([user.pk])).get(user.pk, frozenset())
    ids = {event_id for link in report.links for event_id, _ in (*link.events, *link.painted)}
    logged_at = {
        row["id"]: row["at"] if row["at"] <= now else row["written_at"] or row["at"]  # a clock was ahead once
        for row in Event.objects.filter(id__in=ids).values("id", "at", "written_at", "type", "audience")
        if events.topic_of(row["type"]) and audience.may_see(keys, frozenset(row["audience"]))
    }
    # Only reports on a lost history cost this query. Its receipts are kept, and the report says how many there are.
    unknown = {event_id for link in report.links for event_id, _ in link.events} - logged_at.keys()
    history = epochs.read() if unknown else epochs.NO_HISTORY
    known_ids = logged_at.keys() | {event_id for event_id in unknown if history.is_lost(event_id)}
    names = [link.link for link in report.links]
    with transaction.atomic():
        # One report of a user at a time: of two reports about a new link, the second finds the row of the first.
        get_user_model().objects.select_for_update(no_key=True).get(pk=user.pk)
        known = {row.link: row for row in LinkReport.objects.filter(user=user, link__in=names)}
        day_ago = now - timedelta(days=1)
        new = len(report.links) - len(known)
        if new and LinkReport.objects.filter(user=user, reported_at__gte=day_ago).count() + new > A_DAY:
            raise TooMany("Too many connections for a day.")
        # All that are stored: their times are the browser's, and cannot be relied on.
        if report.fallbacks and Fallback.objects.filter(user=user).count() >= MOST_FALLBACKS:
            raise TooMany("Too many fallbacks.")
        rows = [_merged(known.get(link.link), _row(user, link, known_ids, now)) for link in report.links]
        LinkReport.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["user", "link"], update_fields=MERGED
        )
        painted = {
            (row.pk, event_id): _delay(logged_at[event_id], ago, now)
            for row, link in zip(rows, report.links, strict=True)
            for event_id, ago in link.painted
            if event_id in logged_at
        }
        receipts = [
            Receipt(
                link=row,
                position=link.first + number,
                event_id=event_id,
                delay_ms=_delay(logged_at[event_id], ago, now) if event_id in logged_at else None,
                painted_ms=painted.pop((row.pk, event_id), None),
            )
            for row, link in zip(rows, report.links, strict=True)
            for number, (event_id, ago) in enumerate(link.events)
            if event_id in known_ids
        ]
        Receipt.objects.bulk_create(receipts, ignore_conflicts=True)
        _add_paints(painted)
        Fallback.objects.bulk_create(
            [
                Fallback(
                    user=user,
                    name=one.name,
                    left=one.left,
                    taken=one.taken,
                    reason=one.reason,
                    at=now - timedelta(milliseconds=one.ago),
                )
                for one in report.fallbacks
            ],
            ignore_conflicts=True,
        )
    return len(receipts), report.size - len(receipts)


def _add_paints(painted: dict[tuple[int, int], int | None]) -> None:
    """Complete the receipts of earlier reports with when their events were on the screen, by link and event."""
    if not painted:
        return
    links, events = {link for link, _ in painted}, {event for _, event in painted}
    rows = list(Receipt.objects.filter(link__in=links, event_id__in=events, painted_ms=None))
    for row in rows:
        row.painted_ms = painted.get((row.link_id, row.event_id))
    Receipt.objects.bulk_update(rows, ["painted_ms"])


def _row(user: Any, link: ReportedLink, known_ids: Set[int], now: datetime) -> LinkReport:
    return LinkReport(
        user=user,
        link=link.link,
        transport=link.transport,
        shown=link.shown,
        topics=link.topics,
        opened_at=now - timedelta(milliseconds=link.opened_ago),
        worked_at=_before(now, link.worked_ago),
        heard_at=_before(now, link.heard_ago),
        ended_at=_before(now, link.ended_ago),
        reason=link.reason,
        cursor_from=link.cursor_from,
        cursor_to=link.cursor_to,
        dropped=link.dropped,
        refused=sum(event_id not in known_ids for event_id, _ in link.events),
        reported_at=now,
    )


def _merged(known: LinkReport | None, said: LinkReport) -> LinkReport:
    """Two reports of a link combined: the first moment of what happens once, the furthest of what advances."""
    if known is None:
        return said
    known.worked_at = known.worked_at or said.worked_at
    known.ended_at = known.ended_at or said.ended_at
    known.reason = known.reason or said.reason
    known.heard_at = _furthest(known.heard_at, said.heard_at)
    known.cursor_from = _furthest(known.cursor_from, said.cursor_from)
    known.cursor_to = _furthest(known.cursor_to, said.cursor_to)
    known.dropped = max(known.dropped, said.dropped)
    known.refused += said.refused
    known.reported_at = said.reported_at
    return known


def _furthest(one: Any, other: Any) -> Any:
    return max((value for value in (one, other) if value is not None), default=None)


def _before(now: datetime, ago: int | None) -> datetime | None:
    return None if ago is None else now - timedelta(milliseconds=ago)


def _delay(logged_at: datetime, ago: int | None, now: datetime) -> int | None:
    """Milliseconds from the log to the browser, by the server's clock alone; ``None`` for impossible values."""
    if ago is None:
        return None
    delay = round((now - logged_at) / timedelta(milliseconds=1)) - ago
    return max(delay, 0) if delay > -CLOCKS_APART else None
