"""What waits to be published, and what has been received."""

import uuid
from typing import ClassVar

from django.db import models


class OutgoingEvent(models.Model):
    """An event that is to be published. It is deleted when the broker has confirmed it.

    ``event_id`` is the message's id at the broker, the same in every try. ``taken_until`` ends the claim of a publisher
    that died.
    """

    event_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    routing_key = models.CharField(max_length=255)
    body = models.TextField()  # JSON; a column for JSON would put its keys into another order
    created_at = models.DateTimeField(auto_now_add=True)
    taken_by = models.UUIDField(null=True)
    taken_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "comm_outgoing_event"

    def __str__(self) -> str:
        return f"{self.routing_key} {self.event_id}"


class ReceivedEvent(models.Model):
    """An event that has been received, so that a repetition of it changes nothing.

    ``tries`` is counted before each try, in a transaction of its own: an event that ends the process is counted, too.
    """

    key = models.CharField(max_length=200, primary_key=True)
    name = models.CharField(max_length=255)
    tries = models.PositiveSmallIntegerField(default=0)
    received_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "comm_received_event"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["received_at"], name="comm_received_event_at"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.key}"
