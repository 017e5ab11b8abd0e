"""The one JSON of a message, for events, pages and the API. The forms of old clients are made from it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from realtime.log.events import iso

from . import after_leaving, attached
from .models import Message, Preference, Reaction, Receipt
from .people_api.profiles import profile
from .rich_text import html_of

DELETED_PERSON, PROGRAM, ENCRYPTED = "Deleted user", "System", "[Encrypted message]"


def person_id(user_id: Any) -> Any:
    """The id of a person as JSON carries it: a number stays a number, anything else (a UUID) becomes text."""
    return user_id if user_id is None or isinstance(user_id, int) else str(user_id)


def person_name(person: Any) -> str:
    """What a person is called: the full name, or the username where there is none."""
    if person is None:
        return DELETED_PERSON
    return person.get_full_name().strip() or str(person.get_username())


def sender_name(message: Message) -> str:
    """What the sender of a message is called; a program's where it has none."""
    return PROGRAM if message.kind == Message.Kind.SYSTEM else person_name(message.sender)


def readable_text(kind: str, text: str) -> str:
    """A message's text where no device decrypts it: in lists, and for clients that hold no keys."""
    return ENCRYPTED if kind == Message.Kind.ENCRYPTED else text


def moment(value: datetime | None) -> str | None:
    """A time as JSON carries it."""
    return None if value is None else iso(value)


def message_json(
    message: Message,
    *,
    attachments: Iterable[dict[str, Any]] = (),
    reactions: dict[str, list[Any]] | None = None,
    receipt: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A message as JSON. A deleted one has no text, attachments and reactions.

    ``receipt`` is added to the object: ``delivered_at`` and ``read_at``, for a message of a direct conversation.
    ``message.sender`` should have been read already.
    """
    deleted = message.deleted_at is not None
    return {
        "id": message.pk,
        "seq": message.seq,
        "conversation_id": message.conversation_id,
        "kind": message.kind,
        "sender_id": person_id(message.sender_id),
        "sender_name": sender_name(message),
        "sender_avatar": None if message.sender is None else profile().avatar(message.sender),
        "text": "" if deleted else message.text,
        "html": None if deleted else html_of(message.kind, message.text),
        "parent_id": message.parent_id,
        "thread_count": message.thread_count,
        "client_id": message.client_id,
        "sent_at": moment(message.sent_at),
        "edited_at": moment(message.edited_at),
        "deleted_at": moment(message.deleted_at),
        "attachments": [] if deleted else list(attachments),
        "reactions": {} if deleted else reactions or {},
        **(receipt or {}),
    }


def written_json(message: Message, viewer: Any) -> dict[str, Any]:
    """What ``sending.send`` returned, as JSON for its sender. One that is new needs no query."""
    if message.as_written is not None:
        return message.as_written
    [found] = messages_json([message], viewer)
    return found


def messages_json(messages: Collection[Message], viewer: Any) -> list[dict[str, Any]]:
    """Messages as JSON for this person, with attachments, reactions and receipts: a fixed number of queries.

    Of a conversation that the person left, they say what they said then.
    """
    ids = [message.pk for message in messages]
    if not ids:
        return []
    attachments = attached.attachments().of_messages(ids)
    receipts = _receipts(ids, viewer)
    # Nobody leaves a direct conversation, whose messages have receipts.
    larger = {message.conversation_id for message in messages if message.pk not in receipts}
    left = after_leaving.left_at(viewer, larger) if larger else {}
    messages = after_leaving.messages_as_left(messages, left)
    until = {message.pk: left[message.conversation_id] for message in messages if message.conversation_id in left}
    reactions = _reactions(ids, until)
    return [
        message_json(
            message,
            attachments=attachments.get(message.pk, ()),
            reactions=reactions.get(message.pk),
            receipt=receipts.get(message.pk),
        )
        for message in messages
    ]


def _reactions(ids: Collection[int], until: Mapping[int, datetime]) -> dict[int, dict[str, list[Any]]]:
    """The reactions to each message; to those in ``until``, up to then."""
    found: dict[int, dict[str, list[Any]]] = {}
    rows = Reaction.objects.filter(message_id__in=ids).order_by("id")
    for message_id, emoji, one, at in rows.values_list("message_id", "emoji", "person_id", "at"):
        if message_id in until and at > until[message_id]:
            continue
        found.setdefault(message_id, {}).setdefault(emoji, []).append(person_id(one))
    return found


def _receipts(ids: Collection[int], viewer: Any) -> dict[int, dict[str, Any]]:
    """Of direct conversations. When somebody else read a message is hidden where either of the two does not tell."""
    rows = list(
        Receipt.objects.filter(message_id__in=ids).values_list("message_id", "person_id", "delivered_at", "read_at")
    )
    silent = silent_people({owner for _, owner, _, _ in rows} | {viewer.pk}) if rows else set()
    return {
        message_id: {
            "delivered_at": moment(delivered_at),
            "read_at": moment(read_at) if owner == viewer.pk or not silent & {owner, viewer.pk} else None,
        }
        for message_id, owner, delivered_at, read_at in rows
    }


def silent_people(people: Collection[Any]) -> set[Any]:
    """Those of these people (by id) who do not tell when they have read something, and so are not told either."""
    rows = Preference.objects.filter(person_id__in=people, sends_read_receipts=False)
    return set(rows.values_list("person_id", flat=True))
