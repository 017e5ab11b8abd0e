"""Creates link reports and receipts of browsers, for tests of the parity report."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from realtime.parity.models import LinkReport, Receipt

_numbers = itertools.count(1)


def link(user: Any, transport: str, ids: list[int], **facts: Any) -> LinkReport:
    """Create the report of a link that has worked for a minute and whose cursors span the events ``ids``."""
    opened: datetime = facts.pop("opened_at", timezone.now() - timedelta(minutes=1))
    made = {
        "link": f"link-{next(_numbers):08}",
        "shown": True,
        "topics": ["notifications", "projects"],
        "worked_at": opened,
        "cursor_from": ids[0] - 1 if ids else None,
        "cursor_to": ids[-1] if ids else None,
        "reported_at": timezone.now(),
    }
    return LinkReport.objects.create(user=user, transport=transport, opened_at=opened, **{**made, **facts})


def receive(one: LinkReport, ids: list[int], delay_ms: int | None = 100) -> None:
    """Create receipts of these events on a link, in this order."""
    Receipt.objects.bulk_create(
        Receipt(link=one, position=position, event_id=event_id, delay_ms=delay_ms)
        for position, event_id in enumerate(ids)
    )
