"""Values that come from outside, checked before they are used."""

import json
from collections.abc import Mapping
from typing import Any

from .errors import Invalid
from .models import CLIENT_ID_LENGTH, TITLE_LENGTH

TEXT_LIMIT = 10_000  # characters of a message
METADATA_LIMIT = 4_000  # characters of its JSON
ENCRYPTED_LIMIT = 64_000  # characters of an encrypted message: its keys for each device are among them
IDS_LIMIT = 1_000  # messages that are named in one request
LARGEST_ID = 2**63 - 1  # of a row
SETTINGS = ("shows_history", "is_open", "metadata")


def storable(text: Any, field: str) -> str:
    """``text``, if it is text that can be stored. Raises Invalid for NUL and halves of surrogate pairs, too."""
    if not isinstance(text, str) or "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise Invalid("This is not text, or holds a sign that is not a character.", field=field)
    return text


def encrypted_text(text: Any) -> str:
    """What a device has encrypted: opaque, ASCII. Raises Invalid for anything else."""
    if not storable(text, "text").isascii() or not 0 < len(text) <= ENCRYPTED_LIMIT:
        raise Invalid(f"An encrypted text is ASCII of 1 to {ENCRYPTED_LIMIT} characters.", field="text")
    return str(text)


def message_text(text: Any, *, required: bool = True) -> str:
    """The text of a message, stripped. Raises Invalid for what cannot be one; for an empty one where required."""
    stripped = storable(text, "text").strip()
    if required and not stripped:
        raise Invalid("A message has a text or an attachment.", code="empty", field="text")
    if len(stripped) > TEXT_LIMIT:
        raise Invalid(f"A message has {TEXT_LIMIT} characters at most.", code="too_long", field="text")
    return stripped


def conversation_title(title: Any) -> str:
    """A conversation's title, stripped. Raises Invalid for what cannot be one."""
    if len(storable(title, "subject")) > TITLE_LENGTH:
        raise Invalid(f"The subject has {TITLE_LENGTH} characters at most.", field="subject")
    return str(title).strip()


def metadata(value: Any, field: str = "metadata") -> dict[str, Any]:
    """What a program keeps with a conversation or message: an object that JSON and a database can hold, and small.

    Raises Invalid.
    """
    try:
        text = json.dumps(value, allow_nan=False)
        text.encode()
        json.dumps(value, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        text = ""
    if not isinstance(value, dict) or not text or len(text) > METADATA_LIMIT or "\\u0000" in text:
        raise Invalid(f"{field} is a JSON object of {METADATA_LIMIT} characters at most.", field=field)
    return value


def conversation_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a conversation. Raises Invalid for unknown ones and for values of another type."""
    for name, value in settings.items():
        if name == "metadata":
            metadata(value)
        elif name not in SETTINGS or not isinstance(value, bool):
            raise Invalid("This is not a setting of conversations, or has another type.", field="settings")
    return dict(settings)


def client_id(value: Any) -> str | None:
    """The name that a client gave to its message. Raises Invalid for what cannot be one."""
    if value is None:
        return None
    if not 0 < len(storable(value, "client_id")) <= CLIENT_ID_LENGTH:
        raise Invalid(f"client_id is a text of 1 to {CLIENT_ID_LENGTH} characters.", field="client_id")
    return str(value)


def flag(value: Any, field: str) -> bool:
    """A yes or no. Raises Invalid for anything else."""
    if not isinstance(value, bool):
        raise Invalid("This is true or false.", field=field)
    return value


def row_ids(values: Any, field: str) -> list[int]:
    """Ids of rows, as numbers or text of digits, each once. Raises Invalid for anything else, and for too many."""
    if not isinstance(values, list | tuple | set | frozenset) or len(values) > IDS_LIMIT:
        raise Invalid(f"{field} is a list of {IDS_LIMIT} ids at most.", field=field)
    found = {row_id(value) for value in values}
    if 0 in found:
        raise Invalid(f"{field} is a list of ids.", field=field)
    return sorted(found)


def row_id(value: Any) -> int:
    """``value`` as the id of a row: a number, or text of digits. 0, which is no row's id, for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 19:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST_ID:
        return 0
    return int(value)
