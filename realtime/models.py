"""What is stored: the append-only log of events, what rollout has taken away, and what browsers report."""

from django.conf import settings
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
    """WebSocket is taken away here until it is given back (realtime/rollout/holds.py). It only narrows flags."""

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
    """A process that serves the site: what it runs with and who listens there (realtime/rollout/presence.py)."""

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


class LinkReport(models.Model):
    """What a browser said of one try at one connection (realtime/parity/receipts.py). Times are by the server's clock.

    What came over it are its receipts. ``worked_at`` empty: it never brought anything.
    """

    class Transport(models.TextChoices):
        """What a link may be."""

        SSE = "sse", "SSE"
        WEBSOCKET = "websocket", "WebSocket"
        POLL = "poll", "polling"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    link = models.CharField(max_length=36, help_text="The browser's own random name of it.")
    transport = models.CharField(max_length=9, choices=Transport)
    shown = models.BooleanField(help_text="False in shadow: what came this way was only compared.")
    topics = models.JSONField(default=list)
    opened_at = models.DateTimeField()
    worked_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True, help_text="When it last told a cursor.")
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=32, blank=True, help_text="Why it ended.")
    cursor_from = models.BigIntegerField(null=True, help_text="Judged are the events after this id...")
    cursor_to = models.BigIntegerField(null=True, help_text="...up to this one, the furthest that it told.")
    dropped = models.PositiveIntegerField(default=0, help_text="Receipts that the browser had no room for.")
    refused = models.PositiveIntegerField(default=0, help_text="Receipts for events that are not this person's.")
    reported_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "link"], name="one_report_each")]
        indexes = [models.Index(fields=["reported_at"], name="link_reported_at")]

    def __str__(self) -> str:
        return f"{self.transport} {self.link}"


class Receipt(models.Model):
    """An event came out of a link, as the ``position``-th that did: an event that came twice has two."""

    link = models.ForeignKey(LinkReport, on_delete=models.CASCADE, db_index=False, related_name="receipts")
    position = models.PositiveIntegerField()
    event_id = models.BigIntegerField()
    delay_ms = models.BigIntegerField(null=True, help_text="From the log to the browser; empty: not known.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "position"], name="one_receipt_each")]

    def __str__(self) -> str:
        return f"{self.event_id} after {self.delay_ms} ms"


class Fallback(models.Model):
    """A browser went from one transport to a lesser one, and why."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=36, help_text="The browser's own random name of it.")
    left = models.CharField(max_length=9, choices=LinkReport.Transport)
    taken = models.CharField(max_length=9, choices=LinkReport.Transport)
    reason = models.CharField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="one_fallback_each")]
        indexes = [models.Index(fields=["at"], name="fallback_at")]

    def __str__(self) -> str:
        return f"{self.left} to {self.taken}: {self.reason}"


class Feedback(models.Model):
    """What somebody says: is what I see live? Counted in the report beside what was measured."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    live = models.BooleanField(help_text="Do changes show at once? Yes or no.")
    comment = models.CharField(max_length=500, blank=True)
    transport = models.CharField(max_length=9, blank=True, help_text="The one in use when it was said.")
    phase = models.CharField(max_length=20, blank=True, help_text="How far the rollout was.")
    page = models.CharField(max_length=200, blank=True, help_text="The address of the page where it was said.")

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["at"], name="feedback_at")]

    def __str__(self) -> str:
        return f"{'live' if self.live else 'not live'} ({self.transport})"


class RolloutWatch(models.Model):
    """How far `manage.py watch_rollout` has judged by one of the limits, and how often in a row that was broken."""

    name = models.CharField(max_length=40, unique=True, help_text="Of the limit (realtime/parity/verdict.py).")
    judged_to = models.DateTimeField(help_text="What happened before this has been judged.")
    strikes = models.PositiveIntegerField(default=0)
    looked_at = models.DateTimeField()
    line = models.CharField(max_length=300, blank=True, help_text="What the last look said.")

    def __str__(self) -> str:
        return f"{self.name}: {self.strikes}"
