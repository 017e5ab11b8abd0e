"""The tables of messaging: conversations, who takes part, messages, and what people did with them.

Unread counts are not in any table: they are counted (messaging/unread.py), so that they cannot be wrong.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .encryption import EncryptedTextField

CLIENT_ID_LENGTH = 64
EMOJI_LENGTH = 32
TITLE_LENGTH = 500


class Conversation(models.Model):
    """A place where people write to each other.

    ``last_seq`` is the number of the newest message; it only grows, by one statement for each message
    (messaging/sending.py). Whoever changes who takes part, or writes, holds the lock of this row until the commit.
    ``generation`` is part of the audience key of larger conversations (messaging/membership.py).
    """

    class Kind(models.TextChoices):
        DIRECT = "direct"
        GROUP = "group"
        SUPPORT = "support"
        SYSTEM = "system"
        SUBJECT = "subject"

    kind = models.CharField(max_length=16, choices=Kind)
    direct_key = models.CharField(  # noqa: DJ001 (unique where there is one)
        max_length=80, unique=True, null=True, help_text="The two people's ids in order, for a direct conversation."
    )
    subject_key = models.CharField(  # noqa: DJ001 (unique where there is one)
        max_length=80, unique=True, null=True, help_text="What an application's conversation is about (project:12)."
    )
    title = EncryptedTextField(blank=True, default="", help_text="TITLE_LENGTH characters at most.")
    metadata = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    shows_history = models.BooleanField(default=False, help_text="Whoever joins may read what was written before.")
    is_open = models.BooleanField(default=False, help_text="Whoever may write to its participants may join.")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", help_text="Who takes care, in support."
    )
    last_seq = models.BigIntegerField(default=0)
    last_message = models.ForeignKey("Message", models.SET_NULL, null=True, related_name="+", db_index=False)
    last_message_at = models.DateTimeField(null=True)
    generation = models.IntegerField(default=1)
    past_generations = models.JSONField(
        default=list, help_text="Earlier generations that the log may still hold: [number, when it ended]."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(direct_key=None) | Q(kind="direct"),
                name="communication_direct_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} conversation {self.pk}"

    @property
    def is_direct(self) -> bool:
        """Whether it is between two people (or one person's notes)."""
        return self.kind == self.Kind.DIRECT

    @property
    def is_keyed(self) -> bool:
        """Whether it is a larger one, with an audience key of its own, whose participants are changed by hand."""
        return self.kind not in {self.Kind.DIRECT, self.Kind.SUBJECT}


class Participant(models.Model):
    """A person in a conversation: role, how far they have read, what they have done with it for themselves.

    Whoever left keeps the row (``left_at``), and may read up to ``left_seq``. Messages up to ``history_from`` were
    written before they joined and are not for them.
    """

    class Role(models.TextChoices):
        MEMBER = "member"
        MODERATOR = "moderator"
        ADMIN = "admin"
        READONLY = "readonly"

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="participants")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    role = models.CharField(max_length=16, choices=Role, default=Role.MEMBER)
    holds_key = models.BooleanField(
        default=False, help_text="The audience key of the conversation is theirs (messaging/membership.py)."
    )
    joined_at = models.DateTimeField(default=timezone.now)
    joined_generation = models.IntegerField(default=1)
    history_from = models.BigIntegerField(default=0)
    left_at = models.DateTimeField(null=True)
    left_seq = models.BigIntegerField(null=True)
    was_removed = models.BooleanField(
        default=False,
        db_default=False,  # servers of the release before this one do not know the column
        help_text="Somebody else took them out. They may be added again, and may not join by themselves.",
    )
    last_read_seq = models.BigIntegerField(default=0, help_text="The newest message that they have read.")
    settled_seq = models.BigIntegerField(
        default=0,
        db_default=0,  # as above
        help_text="Of a direct conversation: up to here nothing is unread. It may lag, and then counting takes longer.",
    )
    last_read_at = models.DateTimeField(null=True)
    last_delivered_seq = models.BigIntegerField(default=0)
    archived_at = models.DateTimeField(null=True)
    muted_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "person"], name="communication_participant_once"),
        ]
        indexes = [
            models.Index(fields=["person", "conversation"], name="communication_of_person"),
            models.Index(
                fields=["person"], condition=Q(holds_key=True, left_at=None), name="communication_keys_of_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in conversation {self.conversation_id}"


class Message(models.Model):
    """A message. ``seq`` counts within its conversation without gaps, in the order of the commits.

    A deleted message stays as a tombstone without text (messaging/editing.py). ``thread_count`` counts its replies.
    """

    # The JSON of a message that was written just now (messaging/sending.py), so that nothing is read again to answer.
    as_written: dict[str, Any] | None = None

    class Kind(models.TextChoices):
        TEXT = "text"
        MARKDOWN = "markdown"
        HTML = "html"
        FILE = "file"
        IMAGE = "image"
        ENCRYPTED = "encrypted"
        SYSTEM = "system"

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages", db_index=False)
    seq = models.BigIntegerField()
    generation = models.IntegerField(default=1, help_text="The conversation's when it was written.")
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.TEXT)
    text = EncryptedTextField(blank=True, default="")
    metadata = models.JSONField(default=dict, blank=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="replies", db_index=False)
    thread_count = models.IntegerField(default=0)
    client_id = models.CharField(max_length=CLIENT_ID_LENGTH, null=True)  # noqa: DJ001 (unique where there is one)
    sent_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="communication_message_seq"),
            models.UniqueConstraint(fields=["sender", "client_id"], name="communication_message_client_id"),
        ]
        indexes = [
            models.Index(fields=["conversation", "id"], name="communication_history"),
            models.Index(fields=["parent", "id"], condition=Q(parent__isnull=False), name="communication_thread"),
            # Two that unread counts need (messaging/unread.py).
            models.Index(fields=["sender", "conversation", "seq"], name="communication_own"),
            models.Index(
                fields=["conversation", "seq"],
                condition=Q(deleted_at__isnull=False) | Q(parent__isnull=False),
                name="communication_special",
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.pk} of conversation {self.conversation_id}"


class MessageEdit(models.Model):
    """A text that a message had before it was edited, or deleted."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="edits")
    text = EncryptedTextField(blank=True, default="")
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    edited_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"earlier text of message {self.message_id}"


class Reaction(models.Model):
    """An emoji with which a person answered a message."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="reactions", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    emoji = models.CharField(max_length=EMOJI_LENGTH)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["message", "person", "emoji"], name="communication_reaction_once"),
        ]

    def __str__(self) -> str:
        return f"{self.emoji} at message {self.message_id}"


class Receipt(models.Model):
    """When a message of a direct conversation reached its receiver, and when they read it. Each is set once."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="receipts", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "person"], name="communication_receipt_once"),
        ]
        indexes = [
            models.Index(fields=["person", "message"], condition=Q(read_at=None), name="communication_unread"),
        ]

    def __str__(self) -> str:
        return f"receipt of {self.person_id} for message {self.message_id}"


class Preference(models.Model):
    """What a person lets others know. Without a row, the defaults hold."""

    class LastSeen(models.TextChoices):
        EVERYBODY = "everybody"
        CONTACTS = "contacts"
        NOBODY = "nobody"

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="messaging_preference"
    )
    sends_read_receipts = models.BooleanField(default=True, help_text="Off: they neither show nor see who has read.")
    last_seen = models.CharField(max_length=16, choices=LastSeen, default=LastSeen.CONTACTS)

    def __str__(self) -> str:
        return f"preferences of {self.person_id}"


class DeviceKey(models.Model):
    """The public key of one of a person's devices, for messages that only devices can read."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    device_id = models.CharField(max_length=64)
    public_key = models.JSONField(help_text="A JSON Web Key.")
    published_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["person", "device_id"], name="communication_device_once")]

    def __str__(self) -> str:
        return f"key of {self.person_id} for {self.device_id}"
