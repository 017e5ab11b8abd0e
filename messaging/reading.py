"""Reading a conversation: its history in pages, from a message backwards or forwards. Never by offset."""

from typing import Any

from . import access, checking
from .errors import Invalid
from .models import Conversation, Message

PAGE_LIMIT = 200  # messages in one page


def history(
    person: Any,
    conversation: Conversation,
    *,
    before_id: Any = None,
    after_id: Any = None,
    before_seq: int | None = None,
    after_seq: int | None = None,
    limit: int = 50,
    parent_id: Any = None,
    deleted: bool = True,
) -> tuple[list[Message], bool]:
    """A page of messages, the newest first, and whether there are more in the direction of reading.

    Backwards from the newest, or from before ``before_id`` or ``before_seq``; forwards from behind ``after_id`` or
    ``after_seq``. With ``parent_id`` the replies to that message, otherwise all messages, replies included.
    ``deleted``: with the tombstones. ``limit`` is at most ``PAGE_LIMIT``. One query beside that for the conversation,
    whatever its length. Raises NotFound, and Invalid for bounds that are not numbers.
    """
    messages = access.find(person, conversation.pk).readable().select_related("sender")
    if parent_id is not None:
        messages = messages.filter(parent_id=_number(parent_id, "parent_id"))
    if not deleted:
        messages = messages.filter(deleted_at=None)
    for name, value in (("pk__lt", before_id), ("pk__gt", after_id), ("seq__lt", before_seq), ("seq__gt", after_seq)):
        if value is not None:
            messages = messages.filter(**{name: _number(value, name.partition("__")[0])})
    forwards = (after_id is not None or after_seq is not None) and before_id is None and before_seq is None
    limit = max(1, min(limit, PAGE_LIMIT))
    # Ordered as it is bounded, so that one index serves both. Within a conversation ids and numbers have one order.
    column = "pk" if before_id is not None or after_id is not None else "seq"
    found = list(messages.order_by(column if forwards else f"-{column}")[: limit + 1])
    page = found[:limit]
    return page[::-1] if forwards else page, len(found) > limit


def _number(value: Any, name: str) -> int:
    """A bound: 0 and every number up to the largest id. Raises Invalid for anything else."""
    if value in (0, "0"):
        return 0
    found = checking.row_id(value)
    if not found:
        raise Invalid("The page's bounds are ids of messages.", field=name)
    return found
