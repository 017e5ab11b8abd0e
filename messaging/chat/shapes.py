"""The objects of the chat's contract: a message, a person, times. Made from the one JSON of messaging."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model

from realtime.access.user_ids import of_json

from .. import membership
from ..attachments.addresses import for_person
from ..models import Conversation, Message
from ..people_api.profiles import profile
from ..serializing import messages_json, person_id, person_name, readable_text

PREVIEW_LENGTH = 100
ATTACHMENT_PREVIEW = "[Attachment]"
TYPES = {"image": "image", "video": "video"}  # of attachments; all others are documents


def instant(value: datetime | str | None) -> str | None:
    """A time as the contract has it: ISO 8601 in UTC, with a fraction and ``Z``."""
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def conversation_id(number: int | None) -> str | None:
    """The id of a conversation, which is text in the contract except inside a message."""
    return None if number is None else str(number)


def picture(person: Any, base: str) -> str | None:
    """The absolute address of a person's picture; ``None`` without one."""
    address = profile().avatar(person) if person is not None else None
    return picture_address(address, base)


def picture_address(address: str | None, base: str) -> str | None:
    """The address of a picture with scheme and host; ``None`` without one, and in events of before there were any."""
    return absolute(address, base) if address else None


def absolute(address: str, base: str) -> str:
    """An address of this site with scheme and host. ``base`` is ``https://host``."""
    return address if "://" in address else f"{base}{address}"


def person_shape(person: Any, is_online: bool, base: str) -> dict[str, Any]:
    """A person as conversations show them."""
    return {
        "id": person_id(person.pk),
        "username": person.get_username(),
        "full_name": person_name(person),
        "avatar": picture(person, base),
        "is_online": is_online,
    }


def attachment_shape(attachments: Sequence[Mapping[str, Any]], viewer_id: Any, base: str) -> dict[str, Any]:
    """What a message says about its attachment (the first one): an address that works for this viewer, and the type."""
    if not attachments:
        return {"attachment": None, "attachment_url": None, "attachment_type": None}
    address = for_person(dict(attachments[0]), viewer_id, base)["url"]
    kind = TYPES.get(attachments[0].get("kind", ""), "document")
    return {"attachment": address, "attachment_url": address, "attachment_type": kind}


def preview(message: Message | None) -> str | None:
    """What a list of conversations shows of its newest message."""
    if message is None:
        return None
    return readable_text(message.kind, message.text)[:PREVIEW_LENGTH] or ATTACHMENT_PREVIEW


def message_shapes(messages: Collection[Message], viewer: Any, base: str) -> list[dict[str, Any]]:
    """Messages of direct conversations as the contract has them, for this viewer. A fixed number of queries."""
    if not messages:
        return []
    keys = dict(
        Conversation.objects.filter(pk__in={message.conversation_id for message in messages}).values_list(
            "pk", "direct_key"
        )
    )
    pairs = {pk: [of_json(one) for one in membership.people_of(key)] for pk, key in keys.items() if key}
    people = _people({one for pair in pairs.values() for one in pair})
    return [
        _shape(said, pairs[said["conversation_id"]], people, viewer, base)
        for said in messages_json(messages, viewer)
        if said["conversation_id"] in pairs
    ]


def _people(ids: Collection[Any]) -> dict[Any, Any]:
    """The people with these ids, by the id as JSON has it."""
    found = get_user_model()._default_manager.filter(pk__in=ids)
    return {person_id(one.pk): one for one in found}


def _shape(
    said: Mapping[str, Any], pair: Sequence[Any], people: Mapping[Any, Any], viewer: Any, base: str
) -> dict[str, Any]:
    sender_id = said["sender_id"]
    ends = [person_id(one) for one in pair]
    receiver_id = next((one for one in ends if one != sender_id), sender_id)
    is_note = receiver_id == sender_id
    read_at = said["sent_at"] if is_note else said.get("read_at")
    changed = max(filter(None, (said["sent_at"], said["edited_at"], read_at)), key=datetime.fromisoformat)
    return {
        "id": said["id"],
        **_end("sender", sender_id, people, base),
        **_end("receiver", receiver_id, people, base),
        "conversation": said["conversation_id"],
        "message": readable_text(said["kind"], said["text"]),
        **attachment_shape(said["attachments"], viewer.pk, base),
        "is_read": read_at is not None,
        "read_at": instant(read_at),
        "delivered_at": instant(said["sent_at"] if is_note else said.get("delivered_at")),
        "timestamp": instant(said["sent_at"]),
        "created_at": instant(said["sent_at"]),
        "updated_at": instant(changed),
        "is_active": said["deleted_at"] is None,
    }


def _end(name: str, user_id: Any, people: Mapping[Any, Any], base: str) -> dict[str, Any]:
    person = people.get(user_id)
    return {
        name: user_id,
        f"{name}_name": person_name(person),
        f"{name}_username": person.get_username() if person else None,
        f"{name}_avatar": picture(person, base),
    }
