"""The tables of the log: the append-only events, and how far it has been pruned."""

from django.db import models
from django.utils import timezone


class Event(models.Model):
    """One thing that happened. Rows are only ever added (``publish``) and pruned, never changed.

    ``id`` is the cursor of every stream: ids follow commit order (docs/architecture/log.md, "Ids follow commit order").
    """

    type = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)
    fields = models.JSONField(help_text="What the envelope holds besides id, type and at.")
    audience = models.JSONField(default=list, help_text="The keys that let a person see it; empty: nobody.")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["at"], name="event_at")]

    def __str__(self) -> str:
        return f"{self.id} {self.type}"


class LogMark(models.Model):
    """A single row: the highest id that pruning has removed. A cursor below it may have missed something."""

    pruned_to = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_log_mark")]

    def __str__(self) -> str:
        return f"pruned to {self.pruned_to}"
