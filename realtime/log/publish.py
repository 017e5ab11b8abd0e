"""Publishing: events are written to the log here and nowhere else."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from django.db import connection, transaction

from .events import EventType
from .models import Event

# Any fixed number that no other advisory lock in the database uses ("GISTAGU" in ASCII).
LOG_LOCK = 0x47495354414755

Follower = Callable[[list[Event]], None]

_followers: list[Follower] = []


class Announcement(NamedTuple):
    """An event and the keys of those who may see it (realtime/access/audience.py)."""

    event: EventType
    audience: Iterable[str]


def follow_commits(follower: Follower) -> None:
    """Call ``follower`` with the rows of each transaction that has just committed events, in the committing thread.

    It must return at once and must not raise: the request that saved waits for it.
    """
    _followers.append(follower)


def lock_log() -> None:
    """Make this transaction the only one that may write events until it ends.

    Ids then follow commit order: an id is drawn only while the lock is held, and the lock is released only after the
    commit is visible. On SQLite the transaction itself is the only writer (BEGIN IMMEDIATE). What is read under the
    lock is final until the commit, so read the content of an event after taking it. Calling it twice is harmless.

    Raises TransactionManagementError outside a transaction.
    https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "Events are written in the transaction of the change they tell of."
        )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOG_LOCK])


def publish(*announcements: Announcement | tuple[EventType, Iterable[str]]) -> list[Event]:
    """Write events to the log, in this order, in the transaction of the change that caused them.

    After a rollback they do not exist; after the commit every process finds them in the log. Return the rows with their
    ids. Raises TransactionManagementError outside a transaction.
    """
    if not announcements:
        return []
    lock_log()
    rows = Event.objects.bulk_create(
        Event(type=event.type, fields=event.fields(), audience=sorted(set(audience)))
        for event, audience in announcements
    )
    transaction.on_commit(partial(_committed, rows))
    return rows


def _committed(rows: list[Event]) -> None:
    for follower in _followers:
        follower(rows)
