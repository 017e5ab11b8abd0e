"""Publishing: events are written to the outbox here and nowhere else."""

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from django.db import connection, transaction

from .events import EventType
from .models import OutboxEvent
from .numberer import numberer
from .numbering import number_in_transaction


class Announcement(NamedTuple):
    """An event and the keys of those who may see it (realtime/access/audience.py).

    ``person_id`` is the user whose counters the event carries (realtime/log/counters.py), if it carries any.
    """

    event: EventType
    audience: Iterable[str]
    person_id: int | None = None


def publish(*announcements: Announcement | tuple[EventType, Iterable[str]]) -> None:
    """Write events to the outbox, in this order, in the transaction of the change that caused them.

    After a rollback they do not exist. After the commit they get their places in the log, in the order of the commits
    (realtime/log/numbering.py). Publishing takes no lock, so writers do not wait for each other. On SQLite, which has
    one writer at a time, they get their places at once. Raises TransactionManagementError outside a transaction.
    """
    if not announcements:
        return
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "Events are written in the transaction of the change they tell of."
        )
    OutboxEvent.objects.bulk_create(
        OutboxEvent(
            type=one.event.type,
            fields=one.event.fields(),
            audience=sorted(set(one.audience)),
            person_id=one.person_id,
        )
        for one in (Announcement(*announcement) for announcement in announcements)
    )
    # Robust: the change is committed by then, and its request answers as the commit did.
    if connection.vendor == "sqlite":
        transaction.on_commit(partial(numberer.numbered, number_in_transaction()), robust=True)
    else:
        transaction.on_commit(numberer.request, robust=True)
