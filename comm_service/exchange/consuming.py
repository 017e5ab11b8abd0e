"""The consumer: what other services publish on either exchange becomes notifications."""

import logging
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Any

from django.db import Error, InterfaceError, OperationalError, close_old_connections
from django.db import connection as database
from kombu import Connection, Consumer, Message, Producer

from . import broker, envelope, receiving
from .handlers import UserUnknownError
from .running import Waits

logger = logging.getLogger(__name__)

PREFETCH = 10
LOOK_SECONDS = 1.0  # for so long a message is waited for, before it is asked whether to stop
DELAY_SECONDS = 60.0  # until the next try of an event
PRUNE_SECONDS = 3600.0
EVENT_KEY, IDENTITY, REASON = "x-event-key", "x-event-identity", "x-reason"  # headers


def run(stop: threading.Event) -> None:
    """Consume until ``stop`` is set. A broker or a database that is away is waited for; nothing is lost meanwhile."""
    waits = Waits()
    while not stop.is_set():
        with broker.connection(heartbeat=broker.HEARTBEAT_SECONDS) as connection:
            faults = broker.faults(connection)
            try:
                with _Consumption(connection) as consumption:
                    waits.reset()
                    while not stop.is_set():
                        consumption.wait()
            except Error:
                logger.exception("Events cannot be recorded. They wait at the broker.")
                database.close()
            except faults as fault:
                logger.warning("Events cannot be received; they wait at the broker: %s", type(fault).__name__)
        stop.wait(waits.next())


def run_once() -> Counter[str]:
    """Handle what waits in the queue now. Return what the events came to. Raise what the broker's connection raises."""
    with broker.connection() as connection, _Consumption(connection, consume=False) as consumption:
        while consumption.take_one():
            pass
        return consumption.outcomes


class _Consumption:
    """A channel with a consumer on it, and the way of a message from the queue to its end."""

    def __init__(self, connection: Connection, consume: bool = True) -> None:
        self.outcomes: Counter[str] = Counter()
        self._connection = connection
        self._consume = consume
        self._pruned = -PRUNE_SECONDS

    def __enter__(self) -> "_Consumption":
        broker.connect(self._connection)
        self._channel = self._connection.channel()
        broker.declare(self._channel)
        self._producer = Producer(self._channel, auto_declare=False)
        self._queue = broker.queues()[0](self._channel)
        if self._consume:
            self._consumer = Consumer(
                self._channel,
                queues=[self._queue],
                on_message=self._handle,
                prefetch_count=PREFETCH,
                auto_declare=False,
            )
            self._consumer.consume()
        return self

    def __exit__(self, *_: Any) -> None:
        # Closing the connection returns to the queue what has been prefetched and not acknowledged.
        self._channel = self._producer = None

    def wait(self) -> None:
        """Handle what comes within LOOK_SECONDS."""
        self._prune()
        with suppress(TimeoutError):
            self._connection.drain_events(timeout=LOOK_SECONDS)
        self._connection.heartbeat_check()

    def take_one(self) -> bool:
        """Handle the first message of the queue. Return whether there was one."""
        message = self._queue.get(no_ack=False)
        if message is None:
            return False
        self._handle(message)
        return True

    def _handle(self, message: Message) -> None:
        """Bring a message to its end, and only then acknowledge it. Raise what database or broker raise."""
        close_old_connections()
        headers = dict(message.headers or {})
        routing_key = str(headers.get(EVENT_KEY) or message.delivery_info.get("routing_key") or "")
        identity = None
        try:
            event = envelope.read(_body(message), routing_key, message.properties.get("message_id"))
            identity = event.key
            outcome = receiving.receive(event).name.lower()
        except (envelope.InvalidEventError, receiving.TriedOutError) as fault:
            outcome = "parked"
            self._pass_on(message, broker.PARKED, {EVENT_KEY: routing_key, IDENTITY: identity, REASON: str(fault)})
        except UserUnknownError as fault:
            outcome = "delayed"
            logger.warning("An event waits for its next try: %s %s", routing_key, fault)
            self._delay(message, routing_key)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            outcome = "delayed"
            logger.exception("An event could not be handled; it waits for its next try: %s", routing_key)
            self._delay(message, routing_key)
        message.ack()
        self.outcomes[outcome] += 1

    def _delay(self, message: Message, routing_key: str) -> None:
        self._pass_on(message, broker.DELAYED, {EVENT_KEY: routing_key}, expiration=DELAY_SECONDS)

    def _pass_on(self, message: Message, queue: str, headers: dict[str, Any], **options: Any) -> None:
        """Put a copy into another queue, and wait until the broker has it."""
        if queue == broker.PARKED:
            logger.error("An event is parked: %s %s", headers[EVENT_KEY], headers[REASON])
        self._producer.publish(
            _body(message),
            exchange=broker.DIRECT,
            routing_key=queue,
            headers={name: value for name, value in headers.items() if value is not None},
            message_id=message.properties.get("message_id"),
            content_type="application/json",
            content_encoding="binary",
            delivery_mode="persistent",
            retry=False,
            timeout=broker.CONFIRM_SECONDS,
            confirm_timeout=broker.CONFIRM_SECONDS,
            **options,
        )

    def _prune(self) -> None:
        if time.monotonic() - self._pruned > PRUNE_SECONDS:
            self._pruned = time.monotonic()
            receiving.prune()


def _body(message: Message) -> bytes:
    body = message.body
    return body.encode(errors="surrogatepass") if isinstance(body, str) else bytes(body)
