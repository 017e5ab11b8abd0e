"""Where the log stands: its newest id, how far it is pruned, its history, and whether events wait for their places."""

import json
import time
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import BooleanField, CharField, Exists, QuerySet, Value
from django.db.models.expressions import RawSQL

from ..access.audience import user_key
from ..access.user_ids import UserId
from . import epochs
from .epochs import History
from .models import Event, OutboxEvent
from .numberer import numberer
from .numbering_postgresql import FINGERPRINT, FLOOR, PENDING
from .place_range import PLACES_END, OutOfRange

WAIT_SECONDS = 0.05  # how long a reader waits until what it sees has its place
STEP_SECONDS = 0.004
HELD_SECONDS = 0.5  # for so long nobody waits in this process after somebody has waited in vain
MOST_WITHOUT_PLACE = 500  # events about one person that a page is told of

_held_until = 0.0


class Position(NamedTuple):
    """The state of the log at one moment.

    ``newest`` is the cursor of somebody who has read everything. ``unnumbered`` is the newest row of the outbox
    (``None``: nothing waits for its place). ``fingerprint`` identifies the database; ``None`` on a standby.
    """

    newest: int
    pruned_to: int
    unnumbered: int | None
    history: History
    fingerprint: str | None

    @property
    def pending(self) -> bool:
        """Whether committed events wait for their places."""
        return self.unnumbered is not None

    @property
    def other_database(self) -> bool:
        """Whether the newest epoch is not of this database, so that the next numbering begins another."""
        return self.fingerprint is not None and self.fingerprint != self.history.fingerprint

    @property
    def out_of_range(self) -> bool:
        """Whether browsers cannot tell the newest ids apart, so that the next numbering replaces them."""
        return self.newest >= PLACES_END

    def in_range(self) -> "Position":
        """This position, to serve the log from. Raises OutOfRange."""
        if self.out_of_range:
            raise OutOfRange
        return self


def read() -> Position:
    """The state of the log, in one query (and one more when an epoch has begun that this process does not know)."""
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT MAX(id) FROM realtime_event), (SELECT pruned_to FROM realtime_logmark), "  # noqa: S608
            f"(SELECT MAX(id) FROM realtime_outboxevent WHERE id > {0 if sqlite else FLOOR}), "
            "(SELECT id FROM realtime_logepoch ORDER BY id DESC LIMIT 1), "
            "(SELECT begins FROM realtime_logepoch ORDER BY id DESC LIMIT 1), "
            f"(SELECT fingerprint FROM realtime_logepoch ORDER BY id DESC LIMIT 1), {'NULL' if sqlite else FINGERPRINT}"
        )
        newest, pruned, unnumbered, number, begins, known, fingerprint = cursor.fetchone()
    pruned = pruned or 0
    history = epochs.known(number, begins, known)
    return Position(max(newest or 0, pruned, history.begins), pruned, unnumbered, history, fingerprint)


def read_numbered() -> Position:
    """The state of the log once everything that is visible now has its place.

    Whoever numbers is waited for, for ``WAIT_SECONDS``. After that, and where nobody can number, the state is returned
    as it is: what has no place yet comes after its ``newest``. What became visible only meanwhile is not ``pending``.
    """
    global _held_until
    at = read()
    due = at.pending or at.other_database or at.out_of_range
    if not due or connection.in_atomic_block or time.monotonic() < _held_until:
        return at
    until, step = time.monotonic() + WAIT_SECONDS, STEP_SECONDS
    numberer.wait(numberer.request(urgent=True), WAIT_SECONDS)
    while True:
        now = read()
        if not now.pending or (at.unnumbered is not None and not _waits(at.unnumbered)):
            return now._replace(unnumbered=None)
        left = until - time.monotonic()
        if left <= 0:
            _held_until = time.monotonic() + HELD_SECONDS
            return now
        time.sleep(min(step, left))
        step *= 2  # thousands may wait here at once


def _waits(unnumbered: int) -> bool:
    """Whether a row up to this one is still in the outbox."""
    if connection.vendor == "sqlite":
        return OutboxEvent.objects.filter(pk__lte=unnumbered).exists()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM realtime_outboxevent WHERE id > {FLOOR} AND id <= %s ORDER BY id LIMIT 1",  # noqa: S608
            [unnumbered],
        )
        return cursor.fetchone() is not None


def without_place(person_id: UserId, cursor: int) -> list[tuple[str, dict[str, Any]]]:
    """The events about this person that are visible now and had no place yet when ``cursor`` was read: type and fields.

    A page that is rendered from now on shows what they are about; they come to it later all the same. On SQLite every
    change has its place, unless there are none left.
    """
    if connection.vendor == "sqlite":
        return []
    numbered = person_id if isinstance(person_id, int) else None  # only about those do events say so (counters.py)
    with connection.cursor() as found:
        found.execute(
            f"SELECT type, fields FROM realtime_outboxevent WHERE id > {FLOOR} AND person_id = %s UNION ALL "  # noqa: S608
            "SELECT type, fields FROM realtime_event WHERE id > %s AND audience @> %s LIMIT %s",
            [numbered, cursor, json.dumps([user_key(person_id)]), MOST_WITHOUT_PLACE],
        )
        return [(kind, json.loads(fields)) for kind, fields in found.fetchall()]


def with_state(rows: QuerySet[Event, Any]) -> QuerySet[Event, Any]:
    """Events, each with ``pending`` and ``fingerprint``, which PostgreSQL computes once for all of them."""
    if connection.vendor == "sqlite":
        return rows.annotate(
            pending=Exists(OutboxEvent.objects.all()), fingerprint=Value(None, output_field=CharField())
        )
    return rows.annotate(
        pending=RawSQL(f"(SELECT {PENDING})", (), output_field=BooleanField()),  # noqa: S611 (constants)
        fingerprint=RawSQL(FINGERPRINT, (), output_field=CharField()),  # noqa: S611
    )
