"""Creates rows of the telemetry that servers and browsers report, for tests of its evaluation."""

import itertools
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from realtime.access.audience import user_key
from realtime.log.models import Event
from realtime.parity.models import Fallback, Feedback, LinkReport, Receipt
from realtime.rollout.models import ConnectionSample, ServerProcess

_numbers = itertools.count(1)
ALL_TOPICS = ["notifications", "projects", "dashboard"]


def ago(**span: float) -> Any:
    """Return the time ``span`` ago."""
    return timezone.now() - timedelta(**span)


def server(**fields: Any) -> ServerProcess:
    """Create a running server process."""
    number = next(_numbers)
    switches = fields.pop("switches", settings.SWITCHES)
    given = {"server": "daphne", "host": "office", "pid": 1000 + number, "version": settings.CODE_VERSION, **fields}
    moments = {"started_at": ago(hours=2), "seen_at": given.pop("seen_at", timezone.now())}
    return ServerProcess.objects.create(key=f"{number:032x}", switches=switches, **moments, **given)


def switches(**values: Any) -> dict[str, Any]:
    """Return the switches of the settings, with ``values`` set in the environment."""
    return settings.SWITCHES | {name: {"value": value, "source": "environment"} for name, value in values.items()}


def samples(process: str, counts: Iterable[tuple[int, int]]) -> None:
    """Create a process's samples of (SSE, WebSocket) connections, one a minute; the last is a minute old."""
    rows = list(counts)
    ConnectionSample.objects.bulk_create(
        ConnectionSample(process=process, at=ago(minutes=len(rows) - number), sse=sse, websocket=websocket)
        for number, (sse, websocket) in enumerate(rows)
    )


def event(user: Any, **span: float) -> Event:
    """Create an event for this user alone, ``span`` ago."""
    return Event.objects.create(
        type="notification", at=ago(**span), fields={"message": "?"}, audience=[user_key(user.pk)]
    )


def link(user: Any, transport: str = "websocket", **fields: Any) -> LinkReport:
    """Create the report of a working connection of this user, which began at the start of the log."""
    given = {
        "opened_at": ago(minutes=50),
        "worked_at": ago(minutes=50),
        "heard_at": timezone.now(),
        "reported_at": timezone.now(),
        "shown": True,
        "topics": ALL_TOPICS,
        "cursor_from": 0,
        "cursor_to": 0,
        **fields,
    }
    return LinkReport.objects.create(user=user, link=f"{next(_numbers):016x}", transport=transport, **given)


def receipts(of: LinkReport, events: Iterable[Event], delays: Iterable[int]) -> None:
    """Create receipts of these events on a link, each with its delay in milliseconds."""
    begin = of.receipts.count()
    rows = [
        Receipt(link=of, position=begin + number, event_id=one.pk, delay_ms=delay)
        for number, (one, delay) in enumerate(zip(events, delays, strict=False))
    ]
    Receipt.objects.bulk_create(rows)
    if rows:
        of.cursor_to = max(of.cursor_to or 0, *(row.event_id for row in rows))
        of.save()


def fallback(user: Any, reason: str, taken: str = "sse", left: str = "websocket", **span: float) -> Fallback:
    """Create the report of a browser that fell back to another transport."""
    name = f"{next(_numbers):016x}"
    return Fallback.objects.create(user=user, name=name, left=left, taken=taken, reason=reason, at=ago(**span))


def feedback(user: Any, live: bool, comment: str = "", **fields: Any) -> Feedback:
    """Create a user's feedback on whether the page is live."""
    given = {"transport": "websocket", "phase": "phase 4", "page": "/dashboard/", **fields}
    return Feedback.objects.create(user=user, live=live, comment=comment, **given)
