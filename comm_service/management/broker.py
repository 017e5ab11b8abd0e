"""What the commands for RabbitMQ share."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management.base import CommandError

from comm_service.exchange import broker
from realtime.management.scripted import first_line


def require_broker() -> None:
    """Raise CommandError if no broker is named."""
    if not settings.RABBITMQ_URL:
        raise CommandError("RABBITMQ_URL is not set, so there is no broker. Events are in the log alone.")


@contextmanager
def refused_in_one_line() -> Iterator[None]:
    """Within this block, a broker that is away or refuses is an expected fault: one line."""
    try:
        yield
    except broker.faults(broker.connection()) as fault:
        raise CommandError(f"The broker refused: {first_line(fault)}") from fault
