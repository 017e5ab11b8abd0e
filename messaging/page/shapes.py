"""Conversations and people as the page gets them."""

from collections.abc import Collection, Sequence
from typing import Any

from .. import access, attached, contacts, listing, subjects
from ..errors import Forbidden
from ..listing import ConversationView
from ..live.presence import presence_of
from ..models import Conversation, Participant
from ..receipts import readers
from ..serializing import moment, person_id, person_name, readable_text, sender_name

PREVIEW = 200  # characters of the newest message

Role = Participant.Role


def conversation_of(viewer: Any, conversation_id: Any) -> dict[str, Any]:
    """One conversation, with how far the others have read. Raises NotFound where the viewer may not know of it."""
    found = access.find(viewer, conversation_id)
    view = listing.view(viewer, found)
    [shown] = conversations_json(viewer, [view])
    return shown | {"readers": _readers(viewer, view)}


def conversations_json(viewer: Any, views: Sequence[ConversationView]) -> list[dict[str, Any]]:
    """Conversations for the list: a fixed number of queries."""
    newest = [view.last_message.pk for view in views if view.last_message]
    files = attached.attachments().of_messages(newest) if newest else {}
    others = [view.other for view in views if view.other is not None]
    people = {person["id"]: person for person in people_json(viewer, others)}
    return [_conversation(viewer, view, files, people) for view in views]


def _conversation(
    viewer: Any, view: ConversationView, files: dict[int, list[dict[str, Any]]], people: dict[Any, dict[str, Any]]
) -> dict[str, Any]:
    conversation, own = view.conversation, view.participant
    return {
        "id": conversation.pk,
        "kind": conversation.kind,
        "title": view.title,
        "other": people.get(person_id(view.other.pk)) if view.other is not None else None,
        "participant_count": view.participant_count,
        "created_at": moment(conversation.created_at),
        "last_message": _preview(view, files),
        "last_seq": conversation.last_seq,
        "unread": view.unread,
        "takes_part": own.left_at is None,
        "muted": view.is_muted,
        "archived": view.is_archived,
        "about_url": _about_url(conversation),
        "read_seq": own.last_read_seq,
        "may_write": _may_write(viewer, view),
        "may_moderate": conversation.kind == Conversation.Kind.GROUP and own.role in {Role.ADMIN, Role.MODERATOR},
        "may_manage": conversation.kind == Conversation.Kind.GROUP and own.role == Role.ADMIN,
    }


def _about_url(conversation: Conversation) -> str | None:
    key = conversation.subject_key
    return subjects.subject_of(key).address(key) if key is not None else None


def _may_write(viewer: Any, view: ConversationView) -> bool:
    """As ``access.require_writable``, with the people who have been read already."""
    try:
        access.require_writer(viewer, access.Access(view.conversation, view.participant))
    except Forbidden:
        return False
    return view.other is None or contacts.rule().may_write(viewer, view.other)


def _preview(view: ConversationView, files: dict[int, list[dict[str, Any]]]) -> dict[str, Any] | None:
    message = view.last_message
    if message is None:
        return None
    return {
        "id": message.pk,
        "seq": message.seq,
        "kind": message.kind,
        "text": readable_text(message.kind, message.text)[:PREVIEW],
        "sender_id": person_id(message.sender_id),
        "sender_name": sender_name(message),
        "sent_at": moment(message.sent_at),
        "deleted": message.deleted_at is not None,
        "attachments": len(files.get(message.pk, ())),
    }


def _readers(viewer: Any, view: ConversationView) -> list[dict[str, Any]]:
    """How far each of the others has read, of those who tell; nothing where the conversation is too large for that."""
    if view.conversation.is_direct:
        return []
    return [
        {"id": person_id(row.person_id), "name": person_name(row.person), "read_seq": row.last_read_seq}
        for row in readers(viewer, view.conversation)
        if row.person_id != viewer.pk
    ]


def people_json(viewer: Any, people: Collection[Any]) -> list[dict[str, Any]]:
    """People with whether they are there, as far as the viewer may know."""
    known = presence_of(viewer, [one.pk for one in people])
    return [
        {
            "id": person_id(one.pk),
            "name": person_name(one),
            "is_online": one.pk in known and known[one.pk].is_online,
            "last_seen": moment(known[one.pk].last_seen) if one.pk in known else None,
        }
        for one in people
    ]
