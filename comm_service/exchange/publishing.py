"""The publisher: what stands in the outbox goes to the broker, and is deleted when the broker has confirmed it.

At least once: when a publisher dies between the broker's confirmation and the deletion, the event is published again,
under the same message id.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db import Error, close_old_connections
from django.db import connection as database
from django.db.models import Q, QuerySet
from django.utils import timezone
from kombu import Connection, Producer

from . import broker
from .models import OutgoingEvent
from .running import Waits

logger = logging.getLogger(__name__)

BATCH = 100
BATCH_SECONDS = 30.0  # then the rest of a batch is given back
TAKEN_SECONDS = 90.0  # longer than a batch may take, with its last confirmation
LOOK_SECONDS = 1.0  # between two looks at an empty outbox


def run(stop: threading.Event, report: Callable[[int], None] = lambda number: None) -> None:
    """Publish until ``stop`` is set. A broker or a database that is away is waited for; nothing is lost meanwhile."""
    waits = Waits()
    while not stop.is_set():
        with broker.connection() as connection:
            faults = broker.faults(connection)
            try:
                _prepare(connection)
                while not stop.is_set():
                    close_old_connections()
                    number = publish_batch(connection)
                    waits.reset()
                    if number:
                        report(number)
                    else:
                        stop.wait(LOOK_SECONDS)
            except Error:
                logger.exception("The outbox cannot be read. It is tried again.")
                database.close()
            except faults as fault:
                logger.warning("Events cannot be published; they wait in the outbox: %s", type(fault).__name__)
        stop.wait(waits.next())


def run_once() -> int:
    """Publish what stands in the outbox now. Return how many events. Raise what the broker's connection raises."""
    published = 0
    with broker.connection() as connection:
        _prepare(connection)
        while number := publish_batch(connection):
            published += number
    return published


def publish_batch(connection: Connection) -> int:
    """Publish up to BATCH events in the order in which they were written. Return how many the broker has confirmed."""
    events = _take()
    if not events:
        return 0
    begun = time.monotonic()
    confirmed: list[int] = []
    try:
        with Producer(connection.default_channel, exchange=broker.OWN, auto_declare=False) as producer:
            for event in events:
                _publish(producer, event)
                confirmed.append(event.pk)
                if time.monotonic() - begun > BATCH_SECONDS:
                    break
    finally:
        OutgoingEvent.objects.filter(pk__in=confirmed).delete()
        _give_back(event.pk for event in events[len(confirmed) :])
    return len(confirmed)


def _prepare(connection: Connection) -> None:
    broker.connect(connection)
    broker.OWN(connection.default_channel).declare()


def _publish(producer: Producer, event: OutgoingEvent) -> None:
    producer.publish(
        event.body.encode(),
        routing_key=event.routing_key,
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode="persistent",
        message_id=str(event.event_id),
        retry=False,
        timeout=broker.CONFIRM_SECONDS,
        confirm_timeout=broker.CONFIRM_SECONDS,
    )


def _take() -> list[OutgoingEvent]:
    """Claim the first events that nobody is publishing. Of several publishers each event is taken by one."""
    now, token = timezone.now(), uuid.uuid4()
    first = list(_free(now).order_by("pk").values_list("pk", flat=True)[:BATCH])
    if not first:
        return []
    # The condition is repeated: the UPDATE waits for another publisher's, and then looks at the rows again.
    taken_until = now + timedelta(seconds=TAKEN_SECONDS)
    _free(now).filter(pk__in=first).update(taken_by=token, taken_until=taken_until)
    return list(OutgoingEvent.objects.filter(taken_by=token).order_by("pk"))


def _free(now: datetime) -> QuerySet[OutgoingEvent]:
    return OutgoingEvent.objects.filter(Q(taken_until=None) | Q(taken_until__lte=now))


def _give_back(ids: Iterable[int]) -> None:
    OutgoingEvent.objects.filter(pk__in=list(ids)).update(taken_by=None, taken_until=None)
