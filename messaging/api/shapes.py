"""What the API gives out: the JSON of a message and of a conversation in the words of its contract."""

from collections.abc import Collection, Iterable
from typing import Any

from realtime.access.user_ids import of_json

from ..listing import ConversationView
from ..membership import people_of
from ..models import Conversation, Message, Participant
from ..receipts import readers
from ..serializing import messages_json, moment, person_id, person_name, readable_text, sender_name
from ..unread import of_conversation

RENAMED = {"text": "content", "kind": "message_type"}


def message_shape(message: dict[str, Any], receipts: Iterable[dict[str, Any]] = ()) -> dict[str, Any]:
    """A message (``serializing.message_json``) as the API gives it out."""
    given = {RENAMED.get(name, name): value for name, value in message.items()}
    given.pop("delivered_at", None)
    given.pop("read_at", None)
    return {**given, "receipts": list(receipts)}


def message_shapes(messages: Collection[Message], conversation: Conversation, viewer: Any) -> list[dict[str, Any]]:
    """Messages of one conversation as the API gives them out to this person. A fixed number of queries."""
    written = messages_json(messages, viewer)
    pointers = [] if conversation.is_direct or not written else readers(viewer, conversation)
    return [message_shape(one, _receipts(one, conversation, pointers)) for one in written]


def _receipts(message: dict[str, Any], conversation: Conversation, pointers: list[Participant]) -> list[dict[str, Any]]:
    """Who has got and read a message, as far as the person is told."""
    if conversation.direct_key is not None:
        if "read_at" not in message:
            return []
        people = {person_id(of_json(one)) for one in people_of(conversation.direct_key)}
        [receiver] = people - {message["sender_id"]} or {None}
        return [
            {"user_id": receiver, "delivered_at": message["delivered_at"], "read_at": message["read_at"]},
        ]
    return [
        {"user_id": person_id(row.person_id), "delivered_at": None, "read_at": moment(row.last_read_at)}
        for row in pointers
        if row.last_read_at is not None
        and row.last_read_seq >= message["seq"]
        and person_id(row.person_id) != message["sender_id"]
    ]


def conversation_shape(view: ConversationView) -> dict[str, Any]:
    """A conversation as the API gives it out."""
    place, own = view.conversation, view.participant
    return {
        "id": place.pk,
        "type": place.kind,
        "subject": place.title or None,
        "title": view.title,
        "participants": [
            {
                "user_id": person_id(row.person_id),
                "name": person_name(row.person),
                "role": row.role,
                "last_read_at": moment(view.last_read_at(row)),
            }
            for row in view.participants
        ],
        "participant_count": view.participant_count,
        "last_message": _summary(view.last_message),
        "last_message_at": moment(place.last_message_at),
        "unread_count": view.unread,
        "last_seq": place.last_seq,
        "last_read_seq": own.last_read_seq,
        "role": own.role if own.pk is not None and own.left_at is None else None,
        "archived": view.is_archived,
        "muted_until": moment(own.muted_until),
        "metadata": place.metadata if _knows_metadata(view) else {},
        "shows_history": place.shows_history,
        "is_open": place.is_open,
        "assignee_id": person_id(place.assignee_id),
        "created_by": person_id(place.created_by_id),
        "created_at": moment(place.created_at),
    }


def _knows_metadata(view: ConversationView) -> bool:
    """Those who take part do, and whoever looks at the queue of support; those who might join an open group do not."""
    return view.participant.pk is not None or view.conversation.kind == Conversation.Kind.SUPPORT


def _summary(message: Message | None) -> dict[str, Any] | None:
    """What a list shows of the newest message."""
    if message is None:
        return None
    return {
        "id": message.pk,
        "seq": message.seq,
        "sender_id": person_id(message.sender_id),
        "sender_name": sender_name(message),
        "content": readable_text(message.kind, message.text),
        "message_type": message.kind,
        "sent_at": moment(message.sent_at),
        "edited_at": moment(message.edited_at),
    }


def read_shape(person: Any, row: Participant) -> dict[str, Any]:
    """How far a person has read, and what is left."""
    place = row.conversation
    newest = place.messages.filter(seq__lte=row.last_read_seq).order_by("-seq").values_list("pk", flat=True).first()
    return {"last_read_message_id": newest, "unread_count": of_conversation(person, place)}
