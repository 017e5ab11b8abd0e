"""Numbering on SQLite: in the transaction of the change itself, which is the only writer from its beginning.

So a save stays one write transaction, and nothing is ever committed without its place.
"""

import functools
import logging
import time

from django.db import DataError, connection, transaction
from django.db.models import Max
from django.utils import timezone

from .counters import counters, later, listed
from .epochs import EPOCH_ZERO, GAP, PLACES_A_SECOND
from .models import Event, LogEpoch, LogMark
from .place_range import EXHAUSTED, PLACES_END, tell_of_return

logger = logging.getLogger(__name__)


def move() -> list[int]:
    """Number all events of the outbox in the caller's transaction. Return their ids.

    Where there are no places left, the events stay in the outbox.
    """
    with connection.cursor() as cursor:
        # Subselects, since SQLite looks up one maximum in an index, and reads the whole table for two.
        cursor.execute(
            "SELECT COALESCE((SELECT MAX(id) FROM realtime_event), 0), (SELECT MAX(at) FROM realtime_event), "
            "(SELECT begins FROM realtime_logepoch ORDER BY id DESC LIMIT 1), "
            "(SELECT seq FROM sqlite_sequence WHERE name = 'realtime_event'), (SELECT pruned_to FROM realtime_logmark)"
        )
        before, newest, begins, last, pruned = cursor.fetchone()
        if max(before, last or 0, pruned or 0) >= PLACES_END:
            return move() if _bring_back() else []
        least = max(begins or 0, pruned or 0)
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
        move()  # may bring the log back into its range first
        newest = LogEpoch.objects.order_by("-id").first()
        if known != (newest.pk if newest else None):
            return True
        head = max(
            Event.objects.aggregate(newest=Max("id"))["newest"] or 0,
            LogMark.objects.values_list("pruned_to", flat=True).first() or 0,
            newest.begins if newest else 0,
        )
        begins = _next_epoch_after(head)
        if begins >= PLACES_END:
            raise DataError(EXHAUSTED)
        LogEpoch.objects.create(cut=head if cut is None else min(cut, head), begins=begins, fingerprint="")
        _continue_after(begins)
    return True


def _bring_back() -> bool:
    """Bring the log back into the range of places, as on PostgreSQL. Return ``False`` where there are none left."""
    moved = list(Event.objects.filter(id__gte=PLACES_END).order_by("id").values_list("id", flat=True))
    mark = LogMark.objects.values_list("pruned_to", flat=True).first() or 0
    head = max(
        Event.objects.filter(id__lt=PLACES_END).aggregate(newest=Max("id"))["newest"] or 0,
        LogEpoch.objects.aggregate(newest=Max("begins"))["newest"] or 0,
        mark if mark < PLACES_END else 0,
    )
    if not moved and mark < PLACES_END:
        _continue_after(head)
    else:
        begins = _next_epoch_after(head)
        if begins > PLACES_END - GAP - len(moved):
            _tell_once()
            return False
        LogEpoch.objects.create(cut=head, begins=begins, fingerprint="")
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE realtime_event SET id = %s WHERE id = %s",
                [(begins + number, place) for number, place in enumerate(moved, start=1)],
            )
        LogMark.objects.filter(pruned_to__gte=PLACES_END).update(pruned_to=begins)
        _continue_after(begins + len(moved))
    tell_of_return(len(moved))
    return True


@functools.cache
def _tell_once() -> None:
    logger.warning("Events cannot be numbered, the next look at the log tries again: %s", EXHAUSTED)


def _next_epoch_after(head: int) -> int:
    return max(head + GAP, int((time.time() - EPOCH_ZERO) * PLACES_A_SECOND))


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
