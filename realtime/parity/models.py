"""The tables of what browsers report: connections, receipts, fallbacks and feedback."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class LinkReport(models.Model):
    """A browser's report of one attempt at one connection (realtime/parity/receipts.py). Times are by the server's
    clock.

    Its receipts are the events that came over it. Without ``worked_at`` it never delivered anything.
    """

    class Transport(models.TextChoices):
        """The transports of a link."""

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
    """An event that came over a link, as its ``position``-th: an event that came twice has two receipts."""

    link = models.ForeignKey(LinkReport, on_delete=models.CASCADE, db_index=False, related_name="receipts")
    position = models.PositiveIntegerField()
    event_id = models.BigIntegerField()
    delay_ms = models.BigIntegerField(null=True, help_text="From the log to the browser; empty: not known.")
    painted_ms = models.BigIntegerField(null=True, help_text="From the log to the screen; empty: not known.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "position"], name="one_receipt_each")]

    def __str__(self) -> str:
        return f"{self.event_id} after {self.delay_ms} ms"


class Fallback(models.Model):
    """A browser fell back from one transport to a lesser one, for this reason."""

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
    """A user's answer to: is what I see live? The report shows it beside what was measured."""

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
