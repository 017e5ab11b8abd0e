"""The tables of the rollout: demotions and their record, server processes, samples, and the watch's state."""

from django.db import models
from django.utils import timezone


class TransportHold(models.Model):
    """A demotion: WebSocket is taken away until it is restored (switchover/transport/demotions.py)."""

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
    """The record of demotions: who demoted or restored, when and why. Rows are only ever added."""

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
    """A process that serves the site, its configuration and its connections (realtime/rollout/presence.py)."""

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
    """The number of connections of a process at a moment, once a minute, for the control room's charts."""

    process = models.CharField(max_length=32)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    sse = models.PositiveIntegerField()
    websocket = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.at:%H:%M} {self.sse} + {self.websocket}"


class RolloutWatch(models.Model):
    """The state of `manage.py watch_rollout` for one limit: judged up to when, and broken how often in a row."""

    name = models.CharField(max_length=40, unique=True, help_text="Of the limit (switchover/transport/verdict.py).")
    judged_to = models.DateTimeField(help_text="What happened before this has been judged.")
    strikes = models.PositiveIntegerField(default=0)
    looked_at = models.DateTimeField()
    line = models.CharField(max_length=300, blank=True, help_text="What the last look said.")

    def __str__(self) -> str:
        return f"{self.name}: {self.strikes}"
