"""What old clients send, checked. Numbers, UUIDs and booleans may come as text; nothing else passes."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.http import QueryDict

from .. import checking, contacts
from ..errors import Invalid, NotFound
from ..people import person_key

RECEIVER = ("receiver_id", "receiver", "recipient_id")  # the names that clients of several years gave it
NO_RECEIVER = "Receiver not found"
NO_USER = "User not found"
NO_ID = "This is not the id of a user"
IDS_LIMIT = 1_000


def body_of(data: Any) -> dict[str, Any]:
    """A body as a dictionary; of a form, the last value of each name, and of ``message_ids`` all. Raises Invalid."""
    if isinstance(data, QueryDict):
        given: dict[str, Any] = data.dict()
        if "message_ids" in given:
            given["message_ids"] = data.getlist("message_ids")
        return given
    if not isinstance(data, Mapping):
        raise Invalid("A JSON object is expected")
    return dict(data)


def first_of(given: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The value of the first of these names that is given and not empty; ``None`` without any."""
    return next((given[name] for name in names if given.get(name) not in (None, "")), None)


def person_of(value: Any, refusal: str) -> Any:
    """The person with this id, active or not. Raises Invalid for what is no id, NotFound (``refusal``) for nobody."""
    user_id = person_key(value)
    if user_id is None:
        raise Invalid(NO_ID)
    found = get_user_model()._default_manager.filter(pk=user_id).first()
    if found is None:
        raise NotFound(refusal)
    return found


def receiver_of(sender: Any, given: Mapping[str, Any]) -> Any:
    """The person to whom a body is addressed. Raises Invalid without one, NotFound where the sender may not write."""
    value = first_of(given, RECEIVER)
    if value is None:
        raise Invalid("receiver_id is required")
    found = person_of(value, NO_RECEIVER)
    if not contacts.rule().may_write(sender, found):
        raise NotFound(NO_RECEIVER)
    return found


def flag(value: Any, name: str) -> bool:
    """A boolean, or the text of one. Raises Invalid."""
    if isinstance(value, str):
        value = {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
    if not isinstance(value, bool):
        raise Invalid(f"{name} must be true or false")
    return value


def number(value: Any, name: str, *, least: int, most: int = checking.LARGEST_ID) -> int:
    """A whole number from ``least``; a larger one than ``most`` is cut down to it. Raises Invalid."""
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if text.isascii() and text.removeprefix("-").isdecimal() and len(text) <= 30 else None
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise Invalid(f"{name} must be a number from {least}")
    return int(min(value, most))


def message_ids(value: Any) -> list[int]:
    """A list of ids of messages. Raises Invalid for anything else, and for more than ``IDS_LIMIT``."""
    if not isinstance(value, list) or len(value) > IDS_LIMIT:
        raise Invalid(f"message_ids must be a list of at most {IDS_LIMIT} ids")
    return [number(one, "message_ids", least=0) for one in value]


def text_of(value: Any) -> str:
    """The text of a message, stripped, which may be empty. Raises Invalid for what is none."""
    if not isinstance(value, str):
        raise Invalid("message must be text")
    return checking.message_text(value, required=False)
