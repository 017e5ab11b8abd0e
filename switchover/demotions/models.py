"""The table of demotions, and their record: a row is in force until its ``until``, and stays afterwards."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Demotion(models.Model):
    """The new way of a move is taken away from everybody, a group or a caller."""

    move = models.CharField(max_length=30)
    scope = models.CharField(max_length=8, help_text="all, group or caller")
    subject = models.CharField(max_length=150, blank=True, help_text="The group's name or the caller's key.")
    reason = models.CharField(max_length=300)
    by = models.CharField(max_length=150, help_text="Who did it: a user name, or the command that did.")
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True, help_text="Empty while it is in force.")
    lifted_by = models.CharField(max_length=150, blank=True)
    lifted_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        app_label = "switchover"
        ordering = ["-since", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["move", "scope", "subject"], condition=Q(until=None), name="one_demotion_in_force"
            )
        ]
        indexes = [models.Index(fields=["move", "since"], name="demotion_move_since")]

    def __str__(self) -> str:
        return f"{self.move} {self.scope} {self.subject}".strip()
