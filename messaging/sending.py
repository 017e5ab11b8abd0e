"""Sending: a message, its number, its receipt, the conversation's newest message and the event, in one transaction."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from realtime.log.publish import publish

from . import access, attached, checking, conversations, device_keys, membership
from .errors import Conflict, Invalid, NotFound
from .events import MessageCreated
from .models import Conversation, Message, Participant, Receipt
from .serializing import message_json

ATTACHMENTS_LIMIT = 20  # in a message
WRITTEN_KINDS = (
    Message.Kind.TEXT,
    Message.Kind.MARKDOWN,
    Message.Kind.HTML,
    Message.Kind.FILE,
    Message.Kind.IMAGE,
    Message.Kind.ENCRYPTED,
)

TAKE_NUMBER = (
    "UPDATE communication_conversation SET last_seq = last_seq + 1 WHERE id = %s RETURNING last_seq, generation"
)


def send(
    *,
    sender: Any,
    conversation: Conversation | int | None = None,
    receiver: Any = None,
    text: Any = "",
    kind: str = Message.Kind.TEXT,
    parent_id: Any = None,
    attachments: Sequence[Any] = (),
    client_id: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> tuple[Message, bool]:
    """Write a message into a conversation, or to a person (``receiver``). Return it, and whether it is new.

    With ``receiver``, the direct conversation of the two is used, and made by its first message. The receiver may be
    the sender: a note. ``text`` has up to ``checking.TEXT_LIMIT`` characters, and is stripped; it may be empty beside
    attachments. A message that this sender has already sent with this ``client_id`` is returned again.

    Raises Invalid, NotFound (no such conversation), Forbidden (the person may not write there), and Conflict (the
    ``client_id`` belongs to a message elsewhere).
    """
    encrypted = kind == Message.Kind.ENCRYPTED
    text = checking.encrypted_text(text) if encrypted else checking.message_text(text, required=not attachments)
    client_id = checking.client_id(client_id)
    metadata = checking.metadata(metadata or {})
    _check(kind, attachments)
    if (conversation is None) == (receiver is None):
        raise Invalid("A message goes to a conversation or to a person.", field="conversation_id")
    try:
        with transaction.atomic():
            sent = _sent_before(sender, client_id)
            if sent is None:
                message = _send(sender, conversation, receiver, text, kind, parent_id, attachments, client_id, metadata)
                return message, True
    except IntegrityError:  # the same message, sent twice at once
        sent = _sent_before(sender, client_id)
        if sent is None:
            raise
    _require_same_place(sent, sender, conversation, receiver)
    return sent, False


def sent_before(*, sender: Any, receiver: Any, attachments: Sequence[Any], client_id: Any) -> Message | None:
    """What ``send`` would return again for this ``client_id``; for callers who store ``attachments`` before it.

    Raises Invalid and Conflict as ``send`` does, for a ``client_id`` and for too many attachments.
    """
    _check(Message.Kind.TEXT, attachments)
    sent = _sent_before(sender, checking.client_id(client_id))
    if sent is not None:
        _require_same_place(sent, sender, None, receiver)
    return sent


def _check(kind: Any, attachments: Any) -> None:
    if kind not in WRITTEN_KINDS:
        raise Invalid("There is no such kind of message.", field="kind")
    if not isinstance(attachments, list | tuple) or len(attachments) > ATTACHMENTS_LIMIT:
        raise Invalid(f"Attachments are a list of {ATTACHMENTS_LIMIT} at most.", field="attachments")


def _sent_before(sender: Any, client_id: str | None) -> Message | None:
    if client_id is None:
        return None
    return Message.objects.select_related("sender").filter(sender_id=sender.pk, client_id=client_id).first()


def _require_same_place(sent: Message, sender: Any, conversation: Conversation | int | None, receiver: Any) -> None:
    if receiver is not None:
        where = conversations.open_direct(sender, receiver)
        place = where.pk if where else None
    else:
        place = conversation.pk if isinstance(conversation, Conversation) else conversation
    if str(place) != str(sent.conversation_id):
        raise Conflict("This client_id belongs to a message of another conversation.", field="client_id")


def _send(
    sender: Any,
    conversation: Conversation | int | None,
    receiver: Any,
    text: str,
    kind: str,
    parent_id: Any,
    attachments: Sequence[Any],
    client_id: str | None,
    metadata: dict[str, Any],
) -> Message:
    if receiver is not None:
        place = conversations.made_direct(sender, receiver)
    else:
        number = conversation.pk if isinstance(conversation, Conversation) else conversation
        found = access.find(sender, number)
        receiver = access.require_writable(sender, found)
        place = found.conversation
    if kind == Message.Kind.ENCRYPTED:
        device_keys.require_keys(place)
    parent = None if parent_id is None else _root(sender, place, parent_id)
    return _write(
        place,
        sender,
        receiver,
        attachments,
        text=text,
        kind=kind,
        parent=parent,
        client_id=client_id,
        metadata=metadata,
    )


@transaction.atomic
def send_by_program(conversation: Conversation, text: str, metadata: dict[str, Any] | None = None) -> Message:
    """Write a message of the kind ``system``, which has no sender, into a larger conversation.

    It is how anything comes into a conversation of the kind ``system``, in which nobody writes. Raises Invalid for
    texts as ``send`` does, Conflict for a direct conversation.
    """
    if conversation.is_direct:
        raise Conflict("Programs write into larger conversations.")
    text = checking.message_text(text)
    metadata = checking.metadata(metadata or {})
    return _write(conversation, None, None, (), text=text, kind=Message.Kind.SYSTEM, metadata=metadata)


def _write(place: Conversation, sender: Any, receiver: Any, attachments: Sequence[Any], **values: Any) -> Message:
    """Write a message that was found right, and all that belongs to it. ``values`` are those of its row."""
    now = timezone.now()
    with connection.cursor() as cursor:  # one statement: two who write at once get two numbers
        cursor.execute(TAKE_NUMBER, [place.pk])
        seq, place.generation = cursor.fetchone()
    if sender is not None and place.is_keyed:
        access.require_still_writer(sender, place)
    message = Message.objects.create(
        conversation=place,
        seq=seq,
        generation=place.generation,
        sender=sender,
        sent_at=now,
        **values,
    )
    files = attached.attachments().attach(sender=sender, message=message, ids=attachments) if attachments else []
    receipt = None
    if receiver is not None and receiver.pk != sender.pk:
        Receipt.objects.create(message=message, person=receiver)
        receipt = {"delivered_at": None, "read_at": None}
    elif receiver is not None:  # a note: nothing of it is unread, however many are never marked as read
        Participant.objects.filter(conversation_id=place.pk, person_id=sender.pk).update(settled_seq=seq)
    Conversation.objects.filter(pk=place.pk).update(last_message=message, last_message_at=now)
    place.last_seq, place.last_message, place.last_message_at = seq, message, now
    if message.parent_id is not None:
        Message.objects.filter(pk=message.parent_id).update(thread_count=F("thread_count") + 1)
    message.as_written = message_json(message, attachments=files, receipt=receipt)
    event = MessageCreated(conversation_id=place.pk, message=message.as_written)
    publish((event, membership.audience(place, message)))
    return message


def _root(sender: Any, place: Conversation, parent_id: Any) -> Message:
    """The message that a reply is attached to: threads are one level deep."""
    try:
        parent, found = access.message_of(sender, parent_id)
    except NotFound:
        raise Invalid("There is no such message to reply to.", field="parent_id") from None
    if found.conversation.pk != place.pk:
        raise Invalid("A reply stands in the conversation of what it replies to.", field="parent_id")
    return parent if parent.parent_id is None else Message.objects.get(pk=parent.parent_id)
