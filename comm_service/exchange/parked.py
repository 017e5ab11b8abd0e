"""The events that could not be handled: listed, and put back into the queue."""

from dataclasses import dataclass

from kombu import Message, Producer

from . import broker, receiving
from .consuming import EVENT_KEY, IDENTITY, REASON

SHOWN = 200  # characters of a body


@dataclass(frozen=True)
class Parked:
    """A parked event: its routing key, why it is parked, and the beginning of its content."""

    key: str
    reason: str
    body: str


def parked(most: int) -> list[Parked]:
    """The first parked events, up to ``most``. They stay where they are. Raise what the broker's connection raises."""
    with broker.connection() as connection:
        broker.connect(connection)
        channel = connection.channel()
        broker.declare(channel)
        found: list[Parked] = []
        # Not acknowledged: when the channel is closed, the broker puts them back where they were.
        while len(found) < most and (message := channel.basic_get(broker.PARKED, no_ack=False)) is not None:
            found.append(_shown(channel.message_to_python(message)))
        return found


def put_back(most: int) -> int:
    """Let the first parked events, up to ``most``, be handled again, their tries counted anew. Return how many."""
    number = 0
    with broker.connection() as connection:
        broker.connect(connection)
        channel = connection.channel()
        broker.declare(channel)
        producer = Producer(channel, auto_declare=False)
        waiting = channel.queue_declare(broker.PARKED, passive=True).message_count
        # Only those that wait now: one that is parked again meanwhile is for the next time.
        while number < min(most, waiting) and (raw := channel.basic_get(broker.PARKED, no_ack=False)) is not None:
            message = channel.message_to_python(raw)
            headers = dict(message.headers or {})
            if identity := headers.get(IDENTITY):
                receiving.forget(str(identity))
            producer.publish(
                message.body,
                exchange=broker.DIRECT,
                routing_key=broker.EVENTS,
                headers={EVENT_KEY: headers.get(EVENT_KEY, "")},
                message_id=message.properties.get("message_id"),
                content_type="application/json",
                content_encoding="binary",
                delivery_mode="persistent",
                retry=False,
                timeout=broker.CONFIRM_SECONDS,
                confirm_timeout=broker.CONFIRM_SECONDS,
            )
            message.ack()
            number += 1
    return number


def _shown(message: Message) -> Parked:
    headers = dict(message.headers or {})
    body = message.body if isinstance(message.body, str) else bytes(message.body).decode(errors="replace")
    return Parked(str(headers.get(EVENT_KEY, "")), str(headers.get(REASON, "")), body[:SHOWN])
