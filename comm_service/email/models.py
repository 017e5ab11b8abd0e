"""What the queue remembers of a row besides the columns of the existing table, which stays as it is."""

import uuid
from typing import ClassVar

from django.db import models


class EmailClaim(models.Model):
    """Who is sending an e-mail, since when, and when it may be tried again.

    A row exists from the first try until the e-mail is sent or has failed. ``email_id`` is no foreign key: rows of
    ``email_queue`` are also deleted by SQL. ``taken_until`` ends a claim whose process died before it handed anything
    over. ``handed_over_at`` is set before the first byte of the content can leave: from then on the row is never tried
    again by itself.
    """

    email_id = models.UUIDField(primary_key=True, editable=False)
    token = models.UUIDField(default=uuid.uuid4)
    taken_until = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    handed_over_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "comm_email_claim"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["handed_over_at"], name="comm_email_claim_handed"),
        ]

    def __str__(self) -> str:
        return f"claim of e-mail {self.email_id}"
