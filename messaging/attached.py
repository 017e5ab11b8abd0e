"""What messages need to know of attachments. ``messaging/attachments/`` registers how it is done.

Without a registration messages have no attachments, and naming one is refused.
"""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from .errors import Invalid
from .models import Message


class Attachments(Protocol):
    """What is registered. Both are called within the transaction of the message, or of the page that shows it."""

    def attach(self, *, sender: Any, message: Message, ids: Sequence[Any]) -> list[dict[str, Any]]:
        """Attach the sender's uploads to a new message. Return them as JSON. Raises Invalid for what is not theirs."""
        ...

    def of_messages(self, message_ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
        """The attachments of these messages as JSON, by message id. A fixed number of queries."""
        ...


class _None:
    def attach(self, *, sender: Any, message: Message, ids: Sequence[Any]) -> list[dict[str, Any]]:
        raise Invalid("There is no such attachment.", field="attachments")

    def of_messages(self, message_ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
        return {}


_attachments: Attachments = _None()


def register(attachments: Attachments) -> None:
    """Let messages have attachments."""
    global _attachments
    _attachments = attachments


def attachments() -> Attachments:
    """What is registered."""
    return _attachments
