"""Histories of the log for tests: databases that have lost the end of their history, and epochs that begin."""

from django.db import connection, transaction

from realtime.access.audience import user_key
from realtime.log import numbering, position, replay
from realtime.log.events import AuthorityChanged
from realtime.log.models import Event, LogEpoch
from realtime.log.publish import Announcement, publish


def said(*numbers: int) -> list[int]:
    """Publish an event for each of these numbers, in one transaction. Return their ids, once they have their places."""
    before = replay.head()
    with transaction.atomic():
        publish(*(Announcement(AuthorityChanged(user_ids=[number]), [user_key(number)]) for number in numbers))
    replay.head()
    return list(Event.objects.filter(id__gt=before).order_by("id").values_list("id", flat=True))


def lose_after(cut: int) -> None:
    """Make the database one that has lost every event after ``cut``, as a restored backup or a promoted standby has.

    On PostgreSQL another cluster's fingerprint is left behind; nothing is left in a file of SQLite.
    """
    position.read_numbered()
    Event.objects.filter(id__gt=cut).delete()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("UPDATE sqlite_sequence SET seq = %s WHERE name = 'realtime_event'", [cut])
        else:
            cursor.execute("SELECT setval('realtime_event_id_seq', %s)", [cut])
    if connection.vendor != "sqlite":
        move_elsewhere()


def move_elsewhere() -> None:
    """On PostgreSQL: have the database look like a copy of the one in which the newest epoch began."""
    newest = LogEpoch.objects.latest("id")
    newest.fingerprint = "of a database that is gone"
    newest.save()


def begin_epoch() -> LogEpoch:
    """Begin a new epoch, on PostgreSQL as a numbering does that finds another database, on SQLite by name."""
    position.read_numbered()
    if connection.vendor == "sqlite":
        assert numbering.renew_epoch(position.read().history.number)
    else:
        move_elsewhere()
        position.read_numbered()
    return LogEpoch.objects.latest("id")
