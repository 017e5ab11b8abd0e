"""Editing and deleting messages. What a message said before is kept; a deleted one leaves a tombstone."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from realtime.log.publish import publish

from . import access, checking, membership
from .access import Access
from .errors import Conflict, Forbidden
from .events import MessageDeleted, MessageEdited
from .models import Conversation, Message, MessageEdit, Participant
from .serializing import messages_json, person_id

Role = Participant.Role
EARLIER_TEXTS = 100  # of a message are shown


@transaction.atomic
def edit(*, actor: Any, message_id: Any, text: Any, window: timedelta | None = None) -> Message:
    """Give a message another text. Only its author may, within ``window`` after it was sent (``None``: at any time).

    Raises NotFound, Forbidden (not the author, or too late), Conflict (deleted), Invalid (the text).
    """
    message, found = access.message_of(actor, message_id)
    if message.sender_id != actor.pk:
        raise Forbidden("Only its author may edit a message.", code="not_author")
    access.require_writable(actor, found)
    place = access.lock(found.conversation.pk)
    message.refresh_from_db(fields=["text", "deleted_at", "edited_at", "thread_count"])
    if message.deleted_at is not None:
        raise Conflict("This message was deleted.", code="deleted")
    _require_within(message, window)
    new = _new_text(message, text)
    if new == message.text:
        return message
    now = timezone.now()
    MessageEdit.objects.create(message=message, text=message.text, edited_by=actor, edited_at=now)
    message.text, message.edited_at = new, now
    message.save(update_fields=["text", "edited_at"])
    [content] = messages_json([message], actor)
    publish((MessageEdited(conversation_id=place.pk, message=content), membership.audience(place, message)))
    return message


@transaction.atomic
def delete(*, actor: Any, message_id: Any, window: timedelta | None = None) -> Message:
    """Delete a message: its text is gone from everybody's sight. Deleting it again changes nothing.

    Its author may, within ``window`` after it was sent (``None``: at any time). In larger conversations moderators and
    administrators may at any time. Raises NotFound and Forbidden.
    """
    message, found = access.message_of(actor, message_id)
    if not _moderates(found):
        if message.sender_id != actor.pk:
            raise Forbidden("Only its author may delete a message.", code="not_author")
        access.require_writer(actor, found)
    place = access.lock(found.conversation.pk)
    message.refresh_from_db(fields=["text", "deleted_at", "edited_at", "thread_count"])
    if message.deleted_at is not None:
        return message
    if not _moderates(found):
        _require_within(message, window)
    now = timezone.now()
    MessageEdit.objects.create(message=message, text=message.text, edited_by=actor, edited_at=now)
    message.text, message.deleted_at, message.deleted_by = "", now, actor
    message.save(update_fields=["text", "deleted_at", "deleted_by"])
    if message.parent_id is not None:
        Message.objects.filter(pk=message.parent_id).update(thread_count=F("thread_count") - 1)
    if place.last_message_id == message.pk:
        _show_last(place)
    event = MessageDeleted(
        conversation_id=place.pk, message_id=message.pk, seq=message.seq, deleted_by=person_id(actor.pk)
    )
    publish((event, membership.audience(place, message)))
    return message


def _new_text(message: Message, text: Any) -> str:
    if message.kind == Message.Kind.ENCRYPTED:
        return checking.encrypted_text(text)
    has_text = bool(message.text) or message.kind not in {Message.Kind.FILE, Message.Kind.IMAGE}
    return checking.message_text(text, required=has_text)


def _moderates(found: Access) -> bool:
    return found.takes_part and found.conversation.is_keyed and found.participant.role in {Role.MODERATOR, Role.ADMIN}


def _require_within(message: Message, window: timedelta | None) -> None:
    if window is not None and timezone.now() - message.sent_at > window:
        raise Forbidden("It is too late to change this message.", code="too_late")


def _show_last(place: Conversation) -> None:
    """Make the newest message that is not deleted the one that lists show. The caller holds the lock."""
    newest = place.messages.filter(deleted_at=None).order_by("-seq").first()
    Conversation.objects.filter(pk=place.pk).update(
        last_message=newest, last_message_at=newest.sent_at if newest else None
    )


def earlier_texts(actor: Any, message_id: Any) -> list[MessageEdit]:
    """What a message said before, the oldest first; nothing for a deleted one. Raises NotFound.

    Of more than ``EARLIER_TEXTS`` the newest are returned. Whoever left the conversation is not told of later edits.
    """
    message, found = access.message_of(actor, message_id)
    if message.deleted_at is not None:
        return []
    edits = message.edits.select_related("edited_by").order_by("-pk")
    left_at = found.participant.left_at
    seen = edits if left_at is None else edits.filter(edited_at__lte=left_at)
    return list(reversed(seen[:EARLIER_TEXTS]))
