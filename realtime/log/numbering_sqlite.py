"""Numbering on SQLite: in the transaction of the change itself, which is the only writer from its beginning.

So a save stays one write transaction, and nothing is ever committed without its place.
"""

import time

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from .counters import counters, later, listed
from .epochs import EPOCH_ZERO, GAP, PLACES_A_SECOND
from .models import Event, LogEpoch, LogMark


def move() -> list[int]:
    """Number all events of the outbox in the caller's transaction. Return their ids."""
    with connection.cursor() as cursor:
        # Subselects, since SQLite looks up one maximum in an index, and reads the whole table for two.
        cursor.execute(
            "SELECT COALESCE((SELECT MAX(id) FROM realtime_event), 0), (SELECT MAX(at) FROM realtime_event), "
            "MAX(COALESCE((SELECT begins FROM realtime_logepoch ORDER BY id DESC LIMIT 1), 0), "
            "COALESCE((SELECT pruned_to FROM realtime_logmark), 0)), "
            "(SELECT seq FROM sqlite_sequence WHERE name = 'realtime_event')"
        )
        before, newest, least, last = cursor.fetchone()
        if (last or 0) < least:  # loaded from a dump, which has no sequences
            _continue_after(least)
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        cursor.execute(
            "INSERT INTO realtime_event (type, at, written_at, fields, audience) "
            f"SELECT type, %s, written_at, {_fields()}, audience FROM realtime_outboxevent AS taken ORDER BY id",
            [max(str(now), newest or "")],
        )
        cursor.execute("DELETE FROM realtime_outboxevent")
        cursor.execute("SELECT id FROM realtime_event WHERE id > %s ORDER BY id", [before])
        return [one for (one,) in cursor.fetchall()]


def renew(known: int | None, cut: int | None = None) -> bool:
    """As on PostgreSQL (realtime/log/numbering_postgresql.py), in a transaction of its own."""
    with transaction.atomic():
        newest = LogEpoch.objects.order_by("-id").first()
        if known != (newest.pk if newest else None):
            return True
        head = max(
            Event.objects.aggregate(newest=Max("id"))["newest"] or 0,
            LogMark.objects.values_list("pruned_to", flat=True).first() or 0,
            newest.begins if newest else 0,
        )
        begins = max(head + GAP, int((time.time() - EPOCH_ZERO) * PLACES_A_SECOND))
        LogEpoch.objects.create(cut=head if cut is None else min(cut, head), begins=begins, fingerprint="")
        _continue_after(begins)
    return True


def _continue_after(place: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sqlite_sequence WHERE name = 'realtime_event'")
        cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('realtime_event', %s)", [place])


def _fields() -> str:
    fields = "fields"
    for types, growing, field, sql in counters:
        names = listed(types)
        count = f"MAX(({sql.format(person='taken.person_id')}) - {later(growing)}, 0)"
        fields = (
            f"CASE WHEN taken.type IN ({names}) AND taken.person_id IS NOT NULL "
            f"THEN json_set({fields}, '$.{field}', ({count})) ELSE {fields} END"
        )
    return fields
