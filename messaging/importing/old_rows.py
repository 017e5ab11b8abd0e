"""The rows of the old chat's tables, in the types of today."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime

CONVERSATIONS, MESSAGES, TYPING = "conversation", "chat_message", "typing_indicator"
# By table: the columns that must be there, and those that are read where they are.
REQUIRED = {
    CONVERSATIONS: ("id", "user1_id", "user2_id"),
    MESSAGES: ("id", "sender_id", "receiver_id", "message", "is_read", "timestamp"),
    TYPING: ("id",),
}
OPTIONAL = {
    CONVERSATIONS: ("created_at", "updated_at", "is_active", "unread_count_user1", "unread_count_user2"),
    MESSAGES: (
        "conversation_id",
        "attachment",
        "attachment_type",
        "read_at",
        "delivered_at",
        "updated_at",
        "is_active",
    ),
    TYPING: (),
}


class BadRow(ValueError):
    """A row that cannot be imported. The text says why."""


@dataclass(frozen=True, slots=True)
class OldConversation:
    """A row of ``conversation``. People are as the old database has them."""

    id: int
    people: tuple[Any, Any]
    created_at: datetime | None
    hidden_at: datetime | None
    counters: tuple[int, int]


@dataclass(frozen=True, slots=True)
class OldMessage:
    """A row of ``chat_message``. ``deleted_at`` is set where ``is_active`` is false, ``read_at`` where it was read."""

    id: int
    sender: Any
    receiver: Any
    conversation_id: int | None
    text: str
    attachment: str
    attachment_type: str
    sent_at: datetime
    delivered_at: datetime | None
    read_at: datetime | None
    deleted_at: datetime | None


def conversation_of(row: Mapping[str, Any]) -> OldConversation:
    """Return the row as an ``OldConversation``. Raise BadRow for values that cannot be read."""
    updated = _moment(row.get("updated_at")) or _moment(row.get("created_at"))
    hidden = row.get("is_active") is not None and not row["is_active"]
    return OldConversation(
        id=int(row["id"]),
        people=(row["user1_id"], row["user2_id"]),
        created_at=_moment(row.get("created_at")),
        hidden_at=(updated or datetime.now(UTC)) if hidden else None,
        counters=(int(row.get("unread_count_user1") or 0), int(row.get("unread_count_user2") or 0)),
    )


def message_of(row: Mapping[str, Any]) -> OldMessage:
    """Return the row as an ``OldMessage``. Raise BadRow for values that cannot be read."""
    sent = _moment(row["timestamp"])
    if sent is None:
        raise BadRow("it has no time")
    read = _moment(row.get("read_at")) or _moment(row.get("updated_at")) or sent
    read_at = read if row["is_read"] else None
    deleted = row.get("is_active") is not None and not row["is_active"]
    return OldMessage(
        id=int(row["id"]),
        sender=row["sender_id"],
        receiver=row["receiver_id"],
        conversation_id=row.get("conversation_id"),
        text=_text(row["message"]),
        attachment=_text(row.get("attachment")),
        attachment_type=_text(row.get("attachment_type")),
        sent_at=sent,
        delivered_at=_moment(row.get("delivered_at")) or read_at,
        read_at=read_at,
        deleted_at=(_moment(row.get("updated_at")) or sent) if deleted else None,
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise BadRow("its text holds a sign that is not a character")
    return text


def _moment(value: Any) -> datetime | None:
    """A time of the old database. SQLite has text, without a zone, in UTC."""
    if isinstance(value, str):
        try:
            value = parse_datetime(value)
        except ValueError:
            value = None
        if value is None:
            raise BadRow("its time cannot be read")
    if value is not None and not isinstance(value, datetime):
        raise BadRow("its time cannot be read")
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value
