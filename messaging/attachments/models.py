"""The table of attachments."""

import secrets
from pathlib import PurePosixPath

from django.conf import settings
from django.core.files.storage import Storage, default_storage, storages
from django.db import models
from django.db.models import Q
from django.utils import timezone

from ..encryption import EncryptedTextField
from .content_types import BY_MEDIA_TYPE, ContentType, Kind

STORAGE = "attachments"  # the name in STORAGES; without it the default storage keeps the files
REASON_LENGTH = 200


def attachment_storage() -> Storage:
    """The storage of attachments and thumbnails."""
    return storages[STORAGE] if STORAGE in settings.STORAGES else default_storage


def storage_path(instance: "Attachment", filename: str) -> str:
    """The path of a stored file: a name that cannot be guessed, with the extension of the file."""
    return f"attachments/{timezone.now():%Y/%m}/{secrets.token_hex(16)}{PurePosixPath(filename).suffix.lower()}"


class Attachment(models.Model):
    """A file that somebody has sent, or is about to send. It is in one message, or in none yet.

    While it is ``PENDING``, nobody can download it: the malware scanner or the content service was away when it was
    uploaded, and is asked again (messaging/attachments/pending.py). A ``REFUSED`` one has no file any more.
    """

    class State(models.TextChoices):
        READY = "ready"
        PENDING = "pending"
        REFUSED = "refused"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    message = models.ForeignKey("Message", models.CASCADE, null=True, related_name="attachments")
    position = models.PositiveSmallIntegerField(default=0, help_text="Its place among the attachments of the message.")
    name = EncryptedTextField(help_text="LONGEST_NAME characters at most.")
    media_type = models.CharField(max_length=100)
    kind = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Kind])
    size = models.BigIntegerField(help_text="Bytes of the stored file.")
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    file = models.FileField(upload_to=storage_path, storage=attachment_storage, max_length=200, blank=True)
    thumbnail = models.FileField(upload_to=storage_path, storage=attachment_storage, max_length=200, blank=True)
    content_id = models.CharField(max_length=200, blank=True, help_text="Its id at the content service.")
    state = models.CharField(max_length=16, choices=State, default=State.READY)
    scanned = models.BooleanField(default=True, help_text="The malware scanner has found nothing.")
    reason = models.CharField(max_length=REASON_LENGTH, blank=True, help_text="Why it is pending or refused.")
    created_at = models.DateTimeField(default=timezone.now)
    tried_at = models.DateTimeField(default=timezone.now, help_text="When scanner and content service were last asked.")

    class Meta:
        indexes = [
            models.Index(fields=["owner", "created_at"], condition=Q(message=None), name="communication_unsent_files"),
            models.Index(fields=["tried_at"], condition=Q(state="pending"), name="communication_pending_files"),
        ]

    def __str__(self) -> str:
        return f"attachment {self.pk}"

    @property
    def content_type(self) -> ContentType:
        """What its type allows. A type that is no longer accepted is a download like any document."""
        unknown = ContentType(self.media_type, Kind.DOCUMENT, (".bin",))
        return BY_MEDIA_TYPE.get(self.media_type, unknown)


class DiscardedFile(models.Model):
    """A file whose attachment is gone, and which is still to be deleted (messaging/attachments/discarded.py).

    It is at ``path`` in our storage, or has ``content_id`` at the content service.
    """

    path = models.CharField(max_length=200, blank=True)
    content_id = models.CharField(max_length=200, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="communication_discarded_due")]

    def __str__(self) -> str:
        return f"discarded file {self.pk}"
