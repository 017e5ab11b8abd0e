"""The tables of notices and events. ``tenant`` is the id of a tenant, which the site's own tables hold."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from ..attachments.models import attachment_storage, storage_path
from ..attachments.names import LONGEST_NAME

TITLE_LENGTH = 300
VENUE_LENGTH = 200


class Kept(models.Model):
    """What every row says of itself. A deleted one stays, with ``is_active`` false."""

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    is_active = models.BooleanField(default=True)

    class Meta:
        abstract = True


class WithFile(Kept):
    """A row that may have one file (messaging/notices/files.py)."""

    file = models.FileField(upload_to=storage_path, storage=attachment_storage, max_length=200, blank=True)
    file_name = models.CharField(max_length=LONGEST_NAME, blank=True)
    file_type = models.CharField(max_length=100, blank=True, help_text="The media type of the content.")

    class Meta:
        abstract = True


class Notice(WithFile):
    """Something that a tenant's people are to know. A draft until it is published."""

    tenant = models.BigIntegerField(null=True)
    title = models.CharField(max_length=TITLE_LENGTH)
    content = models.TextField()
    publish_date = models.DateField()
    expiry_date = models.DateField(null=True, blank=True)
    is_urgent = models.BooleanField(default=False)
    is_published = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["tenant", "-publish_date"], name="notices_of_a_tenant")]

    def __str__(self) -> str:
        return self.title


class Event(WithFile):
    """Something that takes place, and for which people may register."""

    tenant = models.BigIntegerField(null=True)
    title = models.CharField(max_length=TITLE_LENGTH)
    description = models.TextField(blank=True)
    event_date = models.DateField()
    start_time = models.TimeField(null=True, blank=True)
    end_time = models.TimeField(null=True, blank=True)
    venue = models.CharField(max_length=VENUE_LENGTH, blank=True)
    organizer = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    max_participants = models.PositiveIntegerField(null=True, blank=True)
    registration_required = models.BooleanField(default=False)
    registration_deadline = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["tenant", "-event_date"], name="events_of_a_tenant")]

    def __str__(self) -> str:
        return self.title


class Registration(Kept):
    """A person's place at an event. Whoever gave it up keeps the row, and may register again."""

    class Status(models.TextChoices):
        REGISTERED = "registered"
        CANCELLED = "cancelled"
        ATTENDED = "attended"

    event = models.ForeignKey(Event, models.CASCADE, related_name="registrations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    registration_date = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=20, choices=Status, default=Status.REGISTERED)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "user"], name="one_registration_a_person")]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.event_id}"
