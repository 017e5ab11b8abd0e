"""How much is unread. It is counted whenever it is asked for, and kept nowhere, so no concurrency can make it wrong.

Own and deleted messages are not unread. In a direct conversation a message is unread until its receipt says that it was
read. In a larger one those after the person's pointer are. There, a reply counts only for those who follow its thread:
whoever wrote its first message, or replied.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

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
    behind = _behind(people).order_by()
    in_larger = behind.values(
        who=F("person_id"), place=F("conversation_id"), about=F("conversation__subject_key"), number=F("unread")
    )
    columns = ("who", "place", "about", "number")
    found: dict[Any, dict[int, Counted]] = {one: {} for one in people}
    for who, place, about, number in in_direct.values_list(*columns).union(in_larger.values_list(*columns), all=True):
        if number:  # what is behind a pointer need not count
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


def of_conversation(person: Any, conversation: Conversation) -> int:
    """How many messages of one conversation are unread for a person."""
    if conversation.is_direct:
        receipts = Receipt.objects.filter(person_id=person.pk, read_at=None)
        return receipts.filter(message__conversation_id=conversation.pk, message__deleted_at=None).count()
    row = _behind([person.pk]).filter(conversation_id=conversation.pk).values_list("unread", flat=True).first()
    return row or 0


def has_unread(person: Any) -> Q:
    """The condition that a person's row of a conversation (``Participant``) has something unread."""
    waiting = Receipt.objects.filter(person_id=person.pk, read_at=None, message__deleted_at=None)
    behind = _behind([person.pk]).filter(unread__gt=0)
    return Q(conversation_id__in=waiting.order_by().values("message__conversation_id")) | Q(
        pk__in=behind.order_by().values("pk")
    )


def between(person: Any, conversation: Conversation, after: int, up_to: int) -> int:
    """How many messages of a larger conversation count as unread for a person among those with these numbers.

    The first number is left out, the last one belongs to them.
    """
    messages = Message.objects.filter(conversation_id=conversation.pk, seq__gt=after, seq__lte=up_to)
    return up_to - after - _own(messages, person.pk).count() - _passed_over(messages, person.pk, person.pk).count()


def _behind(people: Collection[Any]) -> QuerySet[Any]:
    """The participants of larger conversations with something behind their pointer: how much is unread (``unread``).

    Numbers of messages have no gaps, so a subtraction tells how many are behind the pointer, however many they are.
    What does not count among them is looked up, and is little: own messages, deleted ones, replies in others' threads.
    """
    messages = Message.objects.filter(
        conversation_id=OuterRef("conversation_id"), seq__gt=OuterRef("last_read_seq")
    ).order_by()
    own, others = _own(messages, OuterRef("person_id")), OuterRef(OuterRef("person_id"))
    passed_over = _passed_over(messages, OuterRef("person_id"), others)
    rows = Participant.objects.filter(person_id__in=people, left_at=None, conversation__last_seq__gt=F("last_read_seq"))
    number = F("conversation__last_seq") - F("last_read_seq") - _counted(own) - _counted(passed_over)
    return rows.exclude(conversation__kind=Conversation.Kind.DIRECT).annotate(unread=number)


def _own(messages: QuerySet[Message], who: Any) -> QuerySet[Message]:
    return messages.filter(sender_id=who)


def _passed_over(messages: QuerySet[Message], who: Any, who_outside: Any) -> QuerySet[Message]:
    """The messages of others that do not count: deleted ones, and replies in threads that the person does not follow.

    ``who_outside`` is the person as a subquery of these names them.
    """
    replied = Message.objects.filter(parent_id=OuterRef("parent_id"), sender_id=who_outside, deleted_at=None)
    follows = Q(parent__sender_id=who) | Exists(replied)
    special = Q(deleted_at__isnull=False) | Q(parent__isnull=False)  # as the condition of their index says it
    return messages.filter(special, Q(deleted_at__isnull=False) | ~follows).filter(Q(sender=None) | ~Q(sender_id=who))


def _counted(messages: QuerySet[Message]) -> Any:
    numbers = messages.values("conversation_id").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(numbers), 0)


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
