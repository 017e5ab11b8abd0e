"""The tables of the log: the outbox, the append-only events, its epochs, and how far it has been pruned."""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

PLACE_LIMIT = 2**53  # browsers read ids as numbers, which are exact below this


class OutboxEvent(models.Model):
    """An event that has been written and has no place in the log yet. Numbering moves it into ``Event``.

    ``person_id`` is the user about whom counters are filled in (realtime/log/counters.py).
    """

    type = models.CharField(max_length=64)
    written_at = models.DateTimeField(db_default=Now())
    fields = models.JSONField()
    audience = models.JSONField(default=list)
    person_id = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.type}, not numbered"


class OutboxScan(models.Model):
    """A single row, used on PostgreSQL: where numbering begins to look into the outbox.

    Every row up to ``floor`` has been numbered or was rolled back. ``candidate`` becomes the next floor once all
    ``writers`` have ended, which are the transactions that were writing when it was noted.
    """

    floor = models.BigIntegerField(default=0)
    candidate = models.BigIntegerField(default=0)
    writers = models.JSONField(default=list)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_outbox_scan")]

    def __str__(self) -> str:
        return f"outbox from {self.floor}"


class Event(models.Model):
    """One thing that happened. Rows are only ever added (realtime/log/numbering.py) and pruned, never changed.

    ``id`` is the cursor of every stream: ids follow commit order (docs/architecture/log.md, "Ids follow commit order").
    """

    type = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now, help_text="When it got its place; never decreases with the id.")
    written_at = models.DateTimeField(null=True, help_text="When it was written, before the commit.")
    fields = models.JSONField(help_text="What the envelope holds besides id, type and at.")
    audience = models.JSONField(default=list, help_text="The keys that let a person see it; empty: nobody.")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["at"], name="event_at")]

    def __str__(self) -> str:
        return f"{self.id} {self.type}"


class LogEpoch(models.Model):
    """A history of the log. A new one begins where the end of the one before may have been lost.

    Ids up to ``cut`` are those of the history before; new ones are above ``begins``. An id between the two belongs to a
    history that is lost. ``fingerprint`` identifies the database that the history is in.
    """

    cut = models.BigIntegerField()
    begins = models.BigIntegerField()
    fingerprint = models.CharField(max_length=200)
    started_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(cut__gte=0, begins__gte=models.F("cut"), begins__lt=PLACE_LIMIT),
                name="epoch_places",
            )
        ]

    def __str__(self) -> str:
        return f"epoch {self.id}: after {self.cut} from {self.begins}"


class LogMark(models.Model):
    """A single row: the highest id that pruning has removed. A cursor below it may have missed something."""

    pruned_to = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_log_mark")]

    def __str__(self) -> str:
        return f"pruned to {self.pruned_to}"
