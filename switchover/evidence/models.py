"""The table of counts: how often each way answered, how quickly, and how the comparison went."""

from django.db import models


class Kind(models.TextChoices):
    """What is counted."""

    SERVED = "served", "answered to callers"
    FAILED = "failed", "failed before callers"
    SAME = "same", "compared, the same"
    DIFFERENT = "different", "compared, different"
    SHADOW_FAILED = "shadow_failed", "compared, failed"
    UNSETTLED = "unsettled", "different at first, the same when asked again"
    SKIPPED = "skipped", "not compared"


class AnswerCount(models.Model):
    """The answers of one way at one endpoint in one minute, of one kind and one time that they took."""

    move = models.CharField(max_length=30)
    way = models.CharField(max_length=20)
    endpoint = models.CharField(max_length=100)
    minute = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=13, choices=Kind)
    within_ms = models.PositiveIntegerField(help_text="The answers took so long at the most (evidence/buckets.py).")
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        app_label = "switchover"
        constraints = [
            models.UniqueConstraint(
                fields=["move", "minute", "way", "endpoint", "kind", "within_ms"], name="one_answer_count"
            )
        ]

    def __str__(self) -> str:
        return f"{self.move} {self.way} {self.endpoint} {self.kind}: {self.count}"


class WatchState(models.Model):
    """The state of `manage.py watch_rollout --move` for one limit: judged up to when, and broken how often in a row."""

    move = models.CharField(max_length=30)
    name = models.CharField(max_length=40, help_text="Of the limit (evidence/report.py).")
    judged_to = models.DateTimeField(help_text="What happened before this has been judged.")
    strikes = models.PositiveIntegerField(default=0)
    looked_at = models.DateTimeField()
    line = models.CharField(max_length=300, blank=True, help_text="What the last look said.")

    class Meta:
        app_label = "switchover"
        constraints = [models.UniqueConstraint(fields=["move", "name"], name="one_watch_state")]

    def __str__(self) -> str:
        return f"{self.move} {self.name}: {self.strikes}"
