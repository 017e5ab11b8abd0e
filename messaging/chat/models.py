"""The table of polling clients that do not say how far they have read."""

from django.db import models
from django.db.models import Q

CLIENT_LENGTH = 64


class PollPosition(models.Model):
    """How far one client has read that polls without a cursor (messaging/chat/positions.py).

    ``credential`` is the digest of its token. ``client`` is the name that it gives itself, if it does. ``busy_until``:
    a poll of it is under way until then.
    """

    credential = models.CharField(max_length=64)
    client = models.CharField(
        max_length=CLIENT_LENGTH,
        default="",
        db_default="",  # servers of the release before this one do not know the column
        blank=True,
    )
    cursor = models.BigIntegerField(null=True)
    busy_until = models.DateTimeField()
    used_at = models.DateTimeField()

    class Meta:
        app_label = "communication"
        constraints = [
            models.UniqueConstraint(
                fields=["credential", "client"], condition=~Q(client=""), name="communication_poll_client"
            ),
        ]
        indexes = [models.Index(fields=["credential", "-used_at"], name="communication_poll_position")]

    def __str__(self) -> str:
        return f"poll position {self.pk}"
