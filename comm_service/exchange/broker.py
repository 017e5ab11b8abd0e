"""The exchanges and queues at RabbitMQ, and the connection to it.

The queue ``comm.events`` is declared as the existing service declared it, so that it may be there already. It is bound
to both exchanges with the keys of both schemes. Two queues are new: events wait in ``comm.events.delayed`` for their
next try, and ``comm.events.parked`` keeps what cannot be handled until an operator decides.
"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from kombu import Connection, Exchange, Queue, binding
from kombu.exceptions import KombuError, OperationalError

OWN = Exchange("events.topic", type="topic", durable=True)
OTHERS = Exchange("medtrack.events", type="topic", durable=True)
DIRECT = ""  # the broker's default exchange: a routing key is the name of a queue
EVENTS, DELAYED, PARKED = "comm.events", "comm.events.delayed", "comm.events.parked"
PLAIN = ("student.*", "encadrant.*", "stage.*", "evaluation.*", "user.created", "offer.created", "grade.*")
WITH_SERVICE = (
    "core.offer.*",
    "core.application.*",
    "core.affectation.*",
    "core.stage.*",
    "eval.attendance.*",
    "eval.evaluation.*",
    "eval.grade.*",
    "profile.student.*",
    "profile.encadrant.*",
    "auth.user.created",
)
CONNECT_SECONDS = 5.0
CONFIRM_SECONDS = 10.0  # for the broker to say that it has a message
HEARTBEAT_SECONDS = 15


def connection(heartbeat: int = 0) -> Connection:
    """A connection with publisher confirms, not yet open. ``heartbeat`` in seconds, for those who wait for messages."""
    # With amqps:// the server's certificate is checked, which py-amqp does not do unless told to.
    host = urlsplit(settings.RABBITMQ_URL)
    verified = {"server_hostname": host.hostname, "context": {"check_hostname": True}}
    return Connection(
        settings.RABBITMQ_URL,
        ssl=verified if host.scheme == "amqps" else False,
        connect_timeout=CONNECT_SECONDS,
        heartbeat=heartbeat,
        transport_options={"confirm_publish": True, "read_timeout": CONFIRM_SECONDS, "write_timeout": CONFIRM_SECONDS},
    )


def connect(opened: Connection) -> None:
    """Open a connection, within CONNECT_SECONDS. Raise one of ``faults``."""
    opened.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=CONNECT_SECONDS)


def faults(opened: Connection) -> tuple[type[Exception], ...]:
    """What a connection raises when the broker is away or refuses. All of it may pass."""
    return (*opened.connection_errors, *opened.channel_errors, OperationalError, KombuError, OSError)


def queues() -> list[Queue]:
    """The queues of the consumer, with their bindings."""
    bindings = [binding(exchange, routing_key=key) for exchange in (OWN, OTHERS) for key in (*PLAIN, *WITH_SERVICE)]
    back = {"x-dead-letter-exchange": DIRECT, "x-dead-letter-routing-key": EVENTS}
    return [
        Queue(EVENTS, bindings=bindings, durable=True),
        Queue(DELAYED, durable=True, queue_arguments=back, no_declare=False),
        Queue(PARKED, durable=True),
    ]


def declare(channel: Any) -> None:
    """Make the exchanges, queues and bindings that are not there. Raise one of ``faults`` if they differ."""
    for exchange in (OWN, OTHERS):
        exchange(channel).declare()
    for queue in queues():
        queue(channel).declare()
