"""How much is unread. It is counted whenever it is asked for, and kept nowhere, so no concurrency can make it wrong.

Own and deleted messages are not unread. In a direct conversation a message is unread until its receipt says that it was
read. In a larger one those after the person's pointer are. There, a reply counts only for those who follow its thread:
whoever wrote its first message, or replied.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q, QuerySet

from . import subjects
from .models import Conversation, Message, Participant, Receipt


def total(person: Any) -> tuple[int, int]:
    """How many messages are unread, and in how many conversations."""
    counts = per_conversation(person)
    return sum(counts.values()), len(counts)


def per_conversation(person: Any) -> dict[int, int]:
    """The number of unread messages by conversation id, without conversations where it is 0.

    A fixed number of queries: one, and those of each kind of subject that occurs.
    """
    return visible_to(person, counted_among([person.pk])[person.pk])


def counted(person: Any) -> dict[int, int]:
    """``per_conversation`` with conversations about subjects that the person may no longer see. One query."""
    return {place: found.number for place, found in counted_among([person.pk])[person.pk].items()}


class Counted(NamedTuple):
    """The unread messages of a conversation, and the key of what it is about (``None``: of nothing)."""

    number: int
    subject_key: str | None


def counted_among(people: Collection[Any]) -> dict[Any, dict[int, Counted]]:
    """What is unread for each of these people (by id), by conversation id. One query for all of them.

    Conversations about subjects are included, also those that somebody may no longer see (``visible_to``).
    """
    in_direct = (
        Receipt.objects.filter(person_id__in=people, read_at=None, message__deleted_at=None)
        .order_by()
        .values(who=F("person_id"), place=F("message__conversation_id"), about=F("message__conversation__subject_key"))
        .annotate(number=Count("pk"))
    )
    in_larger = (
        _unread_in_larger(people)
        .order_by()
        .values(who=F("reader__person_id"), place=F("conversation_id"), about=F("conversation__subject_key"))
        .annotate(number=Count("pk"))
    )
    columns = ("who", "place", "about", "number")
    found: dict[Any, dict[int, Counted]] = {one: {} for one in people}
    for who, place, about, number in in_direct.values_list(*columns).union(in_larger.values_list(*columns), all=True):
        found[who][place] = Counted(number, about)
    return found


def visible_to(person: Any, counts: Mapping[int, Counted]) -> dict[int, int]:
    """The numbers of those of these conversations that the person may see now. Each subject that occurs is asked."""
    keys = {found.subject_key for found in counts.values() if found.subject_key is not None}
    visible = subjects.visible_keys(person, keys) if keys else set()
    return {
        place: found.number
        for place, found in counts.items()
        if found.subject_key is None or found.subject_key in visible
    }


def unread_in_larger(person: Any) -> QuerySet[Message]:
    """The unread messages of the larger conversations in which a person takes part."""
    return _unread_in_larger([person.pk])


def _unread_in_larger(people: Collection[Any]) -> QuerySet[Message]:
    """The same for several people, each message once for each of them (``reader``)."""
    taking_part = Q(conversation__participants__person_id__in=people, conversation__participants__left_at=None)
    messages: QuerySet[Any] = Message.objects.alias(
        reader=FilteredRelation("conversation__participants", condition=taking_part)
    )
    who = "reader__person_id"
    replied = Message.objects.filter(parent_id=OuterRef("parent_id"), sender_id=OuterRef(who), deleted_at=None)
    return messages.filter(
        ~Q(conversation__kind=Conversation.Kind.DIRECT),
        Q(parent=None) | Q(parent__sender_id=F(who)) | Exists(replied),
        Q(sender=None) | ~Q(sender_id=F(who)),
        reader__isnull=False,
        seq__gt=F("reader__last_read_seq"),
        deleted_at=None,
    )


def of_conversation(person: Any, conversation: Conversation) -> int:
    """How many messages of one conversation are unread for a person."""
    if conversation.is_direct:
        receipts = Receipt.objects.filter(person_id=person.pk, read_at=None)
        return receipts.filter(message__conversation_id=conversation.pk, message__deleted_at=None).count()
    return unread_in_larger(person).filter(conversation_id=conversation.pk).count()


def hidden_subjects(person: Any, conversation_ids: Any = None) -> set[int]:
    """The ids of conversations about subjects in which the person once took part, and which they may not see now."""
    rows = Participant.objects.filter(person_id=person.pk, conversation__subject_key__isnull=False)
    if conversation_ids is not None:
        rows = rows.filter(conversation_id__in=list(conversation_ids))
    keys = dict(rows.values_list("conversation_id", "conversation__subject_key"))
    if not keys:
        return set()
    visible = subjects.visible_keys(person, [key for key in keys.values() if key])
    return {pk for pk, key in keys.items() if key not in visible}
