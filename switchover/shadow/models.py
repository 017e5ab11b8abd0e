"""The table of differences between the two ways of a move. It holds no personal content (shadow/masking.py)."""

from django.db import models
from django.utils import timezone


class Difference(models.Model):
    """A difference, as often as it was seen: at which endpoint, of what kind, where, and both values, masked."""

    move = models.CharField(max_length=30)
    endpoint = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, help_text="status, header, field, order, bytes or failure")
    path = models.CharField(max_length=100, blank=True, help_text="The header's name, or the field's path.")
    old = models.CharField(max_length=120, blank=True, help_text="What the old way answered, masked.")
    new = models.CharField(max_length=120, blank=True, help_text="What the new way answered, masked.")
    digest = models.CharField(max_length=32, help_text="Of all of the above, so that each is there once.")
    times = models.PositiveBigIntegerField(default=1)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "switchover"
        constraints = [models.UniqueConstraint(fields=["move", "digest"], name="one_difference")]
        indexes = [models.Index(fields=["move", "-last_at"], name="difference_move_last")]

    def __str__(self) -> str:
        return f"{self.move} {self.endpoint} {self.kind} {self.path}: {self.times}"
