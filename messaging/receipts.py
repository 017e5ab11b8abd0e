"""Receipts: which messages have reached a person, and which they have read. Both only move forward.

In a direct conversation each message has a receipt of its own. In a larger one each participant has a pointer. That
somebody has read is told to the others of a direct conversation, and of a larger one with up to ``TOLD`` participants;
beyond that, only to the person's own devices. Whoever does not tell when they have read something
(``Preference.sends_read_receipts``) is not told either.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce
from django.utils import timezone

from realtime.access.audience import user_key
from realtime.log.events import iso
from realtime.log.publish import publish

from . import access, checking, delivered, unread
from .access import Access
from .errors import NotFound
from .events import MessageRead
from .models import Conversation, Message, Participant, Receipt
from .preferences import tells_reads
from .serializing import person_id, person_name

TOLD = 50  # participants
LISTED = 500  # messages in one event


@dataclass(slots=True)
class ReadResult:
    """What was read just now: how many messages, when, and in direct conversations which (their ids)."""

    count: int
    read_at: datetime
    message_ids: list[int] = field(default_factory=list)


def readers(viewer: Any, conversation: Conversation) -> list[Participant]:
    """The rows, with ``person``, of those who tell ``viewer`` how far they have read, and whom ``viewer`` tells.

    Nobody where the viewer does not tell it or takes no part, and where more than ``TOLD`` people do. One query.
    """
    if conversation.subject_key is not None:
        return []
    everybody = conversation.participants.filter(left_at=None).select_related("person__messaging_preference")
    rows = list(everybody.order_by("pk")[: TOLD + 1])
    own = next((row.person for row in rows if row.person_id == viewer.pk), None)
    if own is None or len(rows) > TOLD or not tells_reads(own):
        return []
    return [row for row in rows if tells_reads(row.person)]


def mark_delivered(person: Any, message_ids: Collection[Any]) -> int:
    """Note that a device of this person has these messages; ids of messages that are not for them are left out.

    Return of how many that was not known yet, in direct conversations. Raises Invalid for what is not a list of ids.
    """
    return delivered.store({person.pk: checking.row_ids(message_ids, "message_ids")})


@transaction.atomic
def mark_read(
    person: Any,
    *,
    message_ids: Collection[Any] | None = None,
    conversation: Conversation | None = None,
    up_to: Any = None,
) -> ReadResult:
    """Note that this person has read these messages, or a conversation (up to a message, given by its id).

    In a larger conversation the pointer moves to the newest of the messages. Ids of messages that are not for this
    person are left out; a conversation that they do not take part in has nothing to read. Raises Invalid.
    """
    result = ReadResult(0, timezone.now())
    if message_ids is not None:
        ids = checking.row_ids(message_ids, "message_ids")
        unread_receipts = Receipt.objects.filter(person_id=person.pk, message_id__in=ids, read_at=None)
        direct = _read_receipts(person, unread_receipts, result, in_part=True)
        for participant, newest in _pointers(person, set(ids) - direct):
            _move_pointer(person, Access(participant.conversation, participant), newest, result)
    elif conversation is not None:
        _read_conversation(person, conversation, up_to, result)
    return result


def _read_conversation(person: Any, conversation: Conversation, up_to: Any, result: ReadResult) -> None:
    try:
        found = access.find(person, conversation.pk)
    except NotFound:
        return
    if found.participant.pk is None:
        return
    messages = found.readable()
    if up_to is not None:
        messages = messages.filter(pk__lte=checking.row_id(up_to))
    newest = messages.order_by("-seq").first()
    if newest is None:
        return
    if found.conversation.is_direct:
        receipts = Receipt.objects.filter(
            person_id=person.pk, read_at=None, message__conversation_id=conversation.pk, message_id__lte=newest.pk
        )
        _read_receipts(person, receipts, result)
        _settle(found.participant, newest.seq)
    else:
        _move_pointer(person, found, newest, result)


def _read_receipts(person: Any, receipts: Any, result: ReadResult, *, in_part: bool = False) -> set[int]:
    """Mark receipts of direct conversations, and tell both people. Return the ids of their messages.

    ``in_part``: others may stay unread before them.
    """
    rows = _locked(receipts)
    now = result.read_at
    for chunk in _chunks(rows):
        changed = Receipt.objects.filter(pk__in=[row.pk for row in chunk])
        changed.update(read_at=now, delivered_at=Coalesce("delivered_at", now))
    for place, group in _by_conversation(rows):
        newest = group[-1].message
        own = Participant.objects.filter(conversation_id=place.pk, person_id=person.pk, last_read_seq__lt=newest.seq)
        own.update(last_read_seq=newest.seq, last_read_at=now)
        if in_part:
            _settle_up_to_unread(place, person)
        # Messages that were deleted meanwhile are no longer shown, so nobody is told of them.
        shown = [row.message_id for row in group if row.message.deleted_at is None]
        for listed in _chunks(shown):
            _tell_read(place, person, listed[-1], listed, now)
        result.count += len(shown)
        result.message_ids += shown
    return {row.message_id for row in rows}


def _settle(row: Participant, seq: int) -> None:
    """Remember that nothing is unread up to this message of a direct conversation, so that nothing is looked for."""
    if row.settled_seq < seq:
        Participant.objects.filter(pk=row.pk, settled_seq__lt=seq).update(settled_seq=seq)


def _settle_up_to_unread(place: Conversation, person: Any) -> None:
    """Remember up to where nothing is unread, after single messages of a direct conversation were read.

    Numbers have the order of the commits, so nothing can appear before a message that was read.
    """
    row = Participant.objects.get(conversation_id=place.pk, person_id=person.pk)
    messages = place.messages.filter(seq__gt=row.settled_seq, seq__lt=row.last_read_seq, deleted_at=None)
    left = messages.filter(Exists(Receipt.objects.filter(message=OuterRef("pk"), person_id=person.pk, read_at=None)))
    first = left.order_by("seq").values_list("seq", flat=True).first()
    _settle(row, row.last_read_seq if first is None else first - 1)


def _move_pointer(person: Any, found: Access, newest: Message, result: ReadResult) -> None:
    """Move the pointer of a larger conversation forward, and tell those who are told."""
    row = found.participant
    if newest.seq <= row.last_read_seq or not found.takes_part:
        return
    read = unread.between(person, found.conversation, row.last_read_seq, newest.seq)
    moved = Participant.objects.filter(pk=row.pk, last_read_seq__lt=newest.seq)
    if moved.update(last_read_seq=newest.seq, last_read_at=result.read_at):
        row.last_read_seq, row.last_read_at = newest.seq, result.read_at
        result.count += read
        _tell_read(found.conversation, person, newest.pk, [], result.read_at)


def _pointers(person: Any, ids: Collection[int]) -> Iterator[tuple[Participant, Message]]:
    """The rows of a person in the larger conversations of these messages, each with the newest that they may read."""
    messages = Message.objects.filter(pk__in=ids).exclude(conversation__kind=Conversation.Kind.DIRECT)
    newest: dict[int, Message] = {}
    for message in messages.order_by("seq"):
        newest[message.conversation_id] = message
    if not newest:
        return
    hidden = unread.hidden_subjects(person, newest)
    rows = Participant.objects.filter(person_id=person.pk, left_at=None, conversation_id__in=set(newest) - hidden)
    for row in rows.select_related("conversation").order_by("pk"):
        if newest[row.conversation_id].seq > row.history_from:
            yield row, newest[row.conversation_id]


def _locked(receipts: Any) -> list[Receipt]:
    """These receipts, locked in the order of their ids as everybody does who changes several."""
    chosen = receipts.select_related("message__conversation").select_for_update(of=("self",)).defer("message__text")
    return list(chosen.order_by("pk"))


def _by_conversation(rows: Sequence[Receipt]) -> list[tuple[Conversation, list[Receipt]]]:
    groups: dict[int, list[Receipt]] = {}
    for row in sorted(rows, key=lambda row: row.message_id):
        groups.setdefault(row.message.conversation_id, []).append(row)
    return [(group[0].message.conversation, group) for group in groups.values()]


def _chunks(rows: list[Any]) -> Iterator[list[Any]]:
    for begin in range(0, len(rows), LISTED):
        yield rows[begin : begin + LISTED]


def _tell_read(place: Conversation, person: Any, up_to_id: int, message_ids: list[int], read_at: datetime) -> None:
    event = MessageRead(
        conversation_id=place.pk,
        person_id=person_id(person.pk),
        person_name=person_name(person),
        up_to_id=up_to_id,
        message_ids=message_ids,
        read_at=iso(read_at),
    )
    publish((event, [user_key(one) for one in _told(place, person)]))


def _told(place: Conversation, person: Any) -> set[Any]:
    """Whom it concerns that ``person`` has read: the others who tell such things themselves, and their own devices."""
    return {row.person_id for row in readers(person, place)} | {person.pk}
