"""The four tables of the communication API. Their names, columns and types are those of the existing service.

Ids of people, students and offers belong to other services, so no column refers to another table. Choices are not
enforced by the database: rows that were written by SQL may hold any text.
"""

import uuid
from typing import ClassVar

from django.db import models

from .stored_fields import StoredDateTimeField, StoredJSONField


class Status(models.TextChoices):
    """How far the delivery of a notification or an e-mail has come."""

    PENDING = "pending", "Pending"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"


class NotificationType(models.TextChoices):
    """The way on which a notification is delivered."""

    EMAIL = "email", "Email"
    PUSH = "push", "Push Notification"
    SYSTEM = "system", "System Notification"


class Message(models.Model):
    """A message from one user to another."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sender_id = models.UUIDField()
    receiver_id = models.UUIDField()
    subject = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 (null and "" differ for callers)
    body = models.TextField(null=True, blank=True)  # noqa: DJ001
    created_at = StoredDateTimeField(auto_now_add=True)
    read_at = StoredDateTimeField(null=True, blank=True)
    metadata = StoredJSONField(default=dict, blank=True)

    class Meta:
        db_table = "messages"
        ordering: ClassVar[list[str]] = ["-created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["sender_id"], name="idx_messages_sender"),
            models.Index(fields=["receiver_id"], name="idx_messages_receiver"),
            models.Index(fields=["-created_at", "-id"], name="comm_messages_newest"),
            models.Index(fields=["sender_id", "-created_at", "-id"], name="comm_messages_sent"),
            models.Index(fields=["receiver_id", "-created_at", "-id"], name="comm_messages_received"),
        ]

    def __str__(self) -> str:
        return f"Message from {self.sender_id} to {self.receiver_id}"


class Notification(models.Model):
    """Something that a user is told."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user_id = models.UUIDField()
    type = models.CharField(max_length=20, choices=NotificationType.choices)
    title = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    content = models.TextField(null=True, blank=True)  # noqa: DJ001
    related_object_type = models.CharField(max_length=128, null=True, blank=True)  # noqa: DJ001
    related_object_id = models.UUIDField(null=True, blank=True)
    created_at = StoredDateTimeField(auto_now_add=True)
    sent_at = StoredDateTimeField(null=True, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    attempts = models.IntegerField(default=0)
    last_error = models.TextField(null=True, blank=True)  # noqa: DJ001
    metadata = StoredJSONField(default=dict, blank=True)

    class Meta:
        db_table = "notifications"
        ordering: ClassVar[list[str]] = ["-created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user_id"], name="idx_notifications_user"),
            models.Index(fields=["status"], name="idx_notifications_status"),
            models.Index(fields=["-created_at", "-id"], name="comm_notifications_newest"),
            models.Index(fields=["user_id", "-created_at", "-id"], name="comm_notifications_user"),
            models.Index(fields=["status", "-created_at", "-id"], name="comm_notifications_status"),
        ]

    def __str__(self) -> str:
        return f"{self.type} notification for {self.user_id}"


class Document(models.Model):
    """What is known of a document. Its content is an object of the storage at ``storage_path``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner_user_id = models.UUIDField(null=True, blank=True)
    student_id = models.UUIDField(null=True, blank=True)
    offer_id = models.UUIDField(null=True, blank=True)
    storage_path = models.CharField(max_length=2048)
    filename = models.CharField(max_length=512, null=True, blank=True)  # noqa: DJ001
    content_type = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    size_bytes = models.BigIntegerField(null=True, blank=True)
    uploaded_by = models.UUIDField(null=True, blank=True)
    uploaded_at = StoredDateTimeField(auto_now_add=True)
    metadata = StoredJSONField(default=dict, blank=True)

    class Meta:
        db_table = "documents"
        ordering: ClassVar[list[str]] = ["-uploaded_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["owner_user_id"], name="idx_documents_owner"),
            models.Index(fields=["student_id"], name="idx_documents_student"),
            models.Index(fields=["-uploaded_at", "-id"], name="comm_documents_newest"),
            models.Index(fields=["offer_id"], name="comm_documents_offer"),
            models.Index(fields=["uploaded_by"], name="comm_documents_uploader"),
        ]

    def __str__(self) -> str:
        return f"Document: {self.filename}"


class EmailQueue(models.Model):
    """An e-mail that is to be sent."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    to_addresses = StoredJSONField()
    subject = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    body = models.TextField(null=True, blank=True)  # noqa: DJ001
    headers = StoredJSONField(default=dict, blank=True)
    created_at = StoredDateTimeField(auto_now_add=True)
    scheduled_at = StoredDateTimeField(null=True, blank=True)
    sent_at = StoredDateTimeField(null=True, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    attempts = models.IntegerField(default=0)
    last_error = models.TextField(null=True, blank=True)  # noqa: DJ001

    class Meta:
        db_table = "email_queue"
        ordering: ClassVar[list[str]] = ["-created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["status"], name="idx_emailqueue_status"),
            models.Index(fields=["-created_at", "-id"], name="comm_emails_newest"),
            models.Index(fields=["status", "scheduled_at"], name="comm_emails_due"),
        ]

    def __str__(self) -> str:
        recipients = len(self.to_addresses) if isinstance(self.to_addresses, list) else 1
        return f"Email to {recipients} recipients"
