"""What messages need of attachments (messaging/attached.py), and who may have one."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import Case, Value, When

from .. import access, checking
from ..errors import Conflict, Invalid, NotFound
from ..models import Message
from .addresses import attachment_json
from .models import Attachment

NO_ATTACHMENT = "There is no such attachment."


class StoredAttachments:
    """Registered in messaging/apps.py."""

    def attach(self, *, sender: Any, message: Message, ids: Sequence[Any]) -> list[dict[str, Any]]:
        """Attach uploads of the sender to a new message, in this order. Return them as JSON.

        Raises Invalid for an id that is unknown, twice there, of somebody else's upload, or in a message already.
        """
        numbers = [checking.row_id(value) for value in ids]
        if len(set(numbers)) != len(numbers):
            raise Invalid("An attachment is named twice.", field="attachments")
        places = Case(*(When(pk=number, then=Value(place)) for place, number in enumerate(numbers)))
        # One statement: of two messages with the same attachment at once, one is refused.
        taken = (
            Attachment.objects.filter(pk__in=numbers, owner_id=sender.pk, message=None)
            .exclude(state=Attachment.State.REFUSED)
            .update(message=message, position=places)
        )
        if taken != len(numbers):
            raise _unknown()
        return self.of_messages([message.pk])[message.pk]

    def of_messages(self, message_ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
        """The attachments of these messages as JSON, by message id. One query."""
        found: dict[int, list[dict[str, Any]]] = {}
        rows = Attachment.objects.filter(message_id__in=message_ids).order_by("message_id", "position", "id")
        for row in rows:
            found.setdefault(row.message_id or 0, []).append(attachment_json(row))
        return found


def _unknown() -> Invalid:
    return Invalid(NO_ATTACHMENT, code="unknown_attachment", field="attachments")


def find(person: Any, attachment_id: Any) -> Attachment:
    """Return an attachment that the person may have: their own upload, or one of a message that they may read.

    Raises:
        NotFound: there is none, its message is deleted, or they may not know of it.
    """
    attachment = Attachment.objects.filter(pk=checking.row_id(attachment_id)).first()
    if attachment is None or not getattr(person, "is_active", False):
        raise NotFound(NO_ATTACHMENT)
    if attachment.message_id is None:
        if attachment.owner_id != person.pk:
            raise NotFound(NO_ATTACHMENT)
        return attachment
    try:
        message, _ = access.message_of(person, attachment.message_id)
    except NotFound:
        raise NotFound(NO_ATTACHMENT) from None
    if message.deleted_at is not None:
        raise NotFound(NO_ATTACHMENT)
    return attachment


def require_ready(attachment: Attachment) -> None:
    """Raise Conflict for an attachment that is still pending, NotFound for one that was refused."""
    if attachment.state == Attachment.State.REFUSED:
        raise NotFound("The attachment was refused.")
    if attachment.state == Attachment.State.PENDING:
        raise Conflict("The attachment is not available yet. Try again later.", code="pending")
