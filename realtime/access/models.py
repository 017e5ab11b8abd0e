"""The table of stream tickets."""

from django.conf import settings
from django.db import models


class StreamTicket(models.Model):
    """A ticket that has not been used (realtime/access/tickets.py): who may open a stream with it, until when.

    ``digest`` stands for the ticket itself, which is kept nowhere. ``kind``, ``key`` and ``auth_hash`` are those of the
    credential that it was issued for.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16)
    key = models.CharField(max_length=200)
    auth_hash = models.CharField(max_length=128, blank=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"until {self.expires_at:%H:%M:%S}"
