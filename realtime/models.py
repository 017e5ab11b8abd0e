"""What is stored: the append-only log of events, how far it has been pruned, and what rollout has taken away."""

from django.db import models
from django.utils import timezone


class Event(models.Model):
    """One thing that happened. Rows are only ever added (``publish``) and pruned, never changed.

    ``id`` is the cursor of every stream: ids follow commit order (docs/architecture.md, "Ids follow commit order").
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


class TransportHold(models.Model):
    """WebSocket is taken away here until it is given back (realtime/holds.py). Flags grant; this only narrows."""

    scope = models.CharField(max_length=8, help_text="all, group or user")
    target = models.CharField(max_length=150, blank=True, help_text="The group's name or the user's id.")
    reason = models.CharField(max_length=300)
    by = models.CharField(max_length=150, help_text="Who did it: a user name, or the command that did.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "target"], name="one_hold_each")]

    def __str__(self) -> str:
        return f"{self.scope} {self.target}".strip()


class TransportChange(models.Model):
    """The record: who took WebSocket away or gave it back, when and why. Rows are only ever added."""

    class Action(models.TextChoices):
        """What was done."""

        TAKE = "take", "taken away"
        GIVE_BACK = "give_back", "given back"

    action = models.CharField(max_length=9, choices=Action)
    scope = models.CharField(max_length=8)
    target = models.CharField(max_length=150, blank=True)
    reason = models.CharField(max_length=300)
    by = models.CharField(max_length=150)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action} {self.scope} {self.target}".strip()


class ServerProcess(models.Model):
    """A process that serves the site: what it runs with and who listens there (realtime/presence.py)."""

    key = models.CharField(max_length=32, unique=True)
    server = models.CharField(max_length=16, help_text="gunicorn, daphne or uvicorn")
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    version = models.CharField(max_length=12)
    switches = models.JSONField(help_text="Each switch with its value and where that comes from.")
    sse = models.PositiveIntegerField(default=0, help_text="Streams open now.")
    websocket = models.PositiveIntegerField(default=0, help_text="Sockets open now.")

    def __str__(self) -> str:
        return f"{self.server} {self.pid} on {self.host}"


class ConnectionSample(models.Model):
    """How many listened in a process at some moment, once a minute: what the control room draws over time."""

    process = models.CharField(max_length=32)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    sse = models.PositiveIntegerField()
    websocket = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.at:%H:%M} {self.sse} + {self.websocket}"
