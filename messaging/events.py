"""The event types of messaging. A test compares docs/events.md with them.

Ids of people are in the form of ``serializing.person_id``. The log holds the text of a message and the names of its
files encrypted, as the tables do: ``fields`` encrypts them, ``opened`` decrypts them where the event is read for
delivery, once per process.
"""

from dataclasses import dataclass, field
from typing import Any

from realtime.log.events import EventType

from .encryption import decrypt, encrypt
from .rich_text import html_of

MESSAGES = "messages"  # the topic


def sealed(attachment: dict[str, Any]) -> dict[str, Any]:
    """The JSON of an attachment as the log holds it: its name is encrypted."""
    return {**attachment, "name": "", "sealed_name": encrypt(attachment["name"])}


def unsealed(attachment: dict[str, Any]) -> dict[str, Any]:
    """What ``sealed`` was given."""
    found = dict(attachment)
    name = found.pop("sealed_name", None)  # the releases before this one did not encrypt it
    return found if name is None else {**found, "name": decrypt(name)}


@dataclass(frozen=True, kw_only=True)
class ConversationEvent(EventType):
    """Base of the events about a conversation."""

    topic = MESSAGES

    conversation_id: int


@dataclass(frozen=True, kw_only=True)
class _MessageEvent(ConversationEvent):
    """Base of the events that carry a message (``serializing.message_json``)."""

    message: dict[str, Any]

    def fields(self) -> dict[str, Any]:
        message = self.message
        files = [sealed(one) for one in message["attachments"]]
        stored = {**message, "text": encrypt(message["text"]), "html": None, "attachments": files}
        return {**super().fields(), "message": stored}

    @classmethod
    def opened(cls, fields: dict[str, Any]) -> dict[str, Any]:
        message = fields["message"]
        text, files = decrypt(message["text"]), [unsealed(one) for one in message.get("attachments", ())]
        shown = {**message, "text": text, "html": html_of(message["kind"], text), "attachments": files}
        return {**fields, "message": shown}


@dataclass(frozen=True, kw_only=True)
class MessageCreated(_MessageEvent):
    """Somebody wrote a message."""

    type = "message_created"


@dataclass(frozen=True, kw_only=True)
class MessageEdited(_MessageEvent):
    """Its author changed the text of a message."""

    type = "message_edited"


@dataclass(frozen=True, kw_only=True)
class MessageDeleted(ConversationEvent):
    """A message was deleted, by ``deleted_by``. A tombstone without text stays in its place."""

    type = "message_deleted"

    message_id: int
    seq: int
    deleted_by: Any


@dataclass(frozen=True, kw_only=True)
class MessageRead(ConversationEvent):
    """Somebody has read a conversation up to a message.

    ``message_ids`` are the messages of a direct conversation that were read just now; empty in larger ones.
    """

    type = "message_read"

    person_id: Any
    person_name: str
    up_to_id: int
    message_ids: list[int] = field(default_factory=list)
    read_at: str


@dataclass(frozen=True, kw_only=True)
class MessageDelivered(ConversationEvent):
    """A device of the receiver has got messages of a direct conversation."""

    type = "message_delivered"

    person_id: Any
    message_ids: list[int]
    delivered_at: str


@dataclass(frozen=True, kw_only=True)
class ReactionChanged(ConversationEvent):
    """Somebody reacted to a message, or took that back. ``counts``: how many people chose each emoji."""

    type = "reaction_changed"

    message_id: int
    person_id: Any
    emoji: str
    added: bool
    counts: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class ConversationChanged(ConversationEvent):
    """Something about a conversation is new: ``what`` names it (``CHANGES``). Pages load the conversation again."""

    type = "conversation_changed"

    what: str


CHANGES = ("created", "title", "settings", "assignee", "archived", "unarchived", "muted", "people")


@dataclass(frozen=True, kw_only=True)
class ParticipantsChanged(ConversationEvent):
    """People came, left, or got another role.

    ``added`` and ``changed`` hold ``{person_id, person_name, role}``, ``removed`` the ids of people. Of many who were
    added at once, the first are listed; ``added_count`` counts them all.
    """

    type = "participants_changed"

    actor_id: Any
    actor_name: str
    added: list[dict[str, Any]] = field(default_factory=list)
    added_count: int = 0
    changed: list[dict[str, Any]] = field(default_factory=list)
    removed: list[Any] = field(default_factory=list)
