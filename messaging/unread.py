"""How much is unread. It is counted whenever it is asked for, and kept nowhere, so no concurrency can make it wrong.

Own and deleted messages are not unread. In a direct conversation a message is unread until its receipt says that it was
read. In a larger one those after the person's pointer are. There, a reply counts only for those who follow its thread:
whoever wrote its first message, or replied.

Messages behind the pointer (``last_read_seq``) are not counted one by one in either. In a direct conversation the
pointer is at the newest message that was read, so all messages of the other person behind it are unread. Messages
before it may be unread there as well, where single ones were marked as read. They are looked for only between
``settled_seq``, up to which there are none, and the pointer. Whoever reads all of a conversation moves both together.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Greatest

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
    found: dict[Any, dict[int, Counted]] = {one: {} for one in people}
    behind = _behind(people).order_by()
    for who, place, about, number in behind.values_list(
        "person_id", "conversation_id", "conversation__subject_key", "unread"
    ):
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
    """The participants with something behind their pointer, or before it: how much is unread (``unread``).

    Numbers of messages have no gaps, so a subtraction tells how many are behind the pointer, however many they are.
    What does not count among them is looked up, and is little: own messages, deleted ones, replies in others' threads.
    """
    direct = Q(conversation__kind=Conversation.Kind.DIRECT)
    pointer = Greatest("last_read_seq", "settled_seq")
    messages = Message.objects.filter(
        conversation_id=OuterRef("conversation_id"),
        seq__gt=Greatest(OuterRef("last_read_seq"), OuterRef("settled_seq")),
    ).order_by()
    own, others = _own(messages, OuterRef("person_id")), OuterRef(OuterRef("person_id"))
    passed_over = _passed_over(messages, OuterRef("person_id"), others)
    uncounted = Case(
        When(direct, then=_counted(_of_others(_deleted(messages), OuterRef("person_id")))),
        default=_counted(passed_over),
    )
    before = Case(
        When(direct & Q(settled_seq__lt=F("last_read_seq")), then=_counted_before_pointer()), default=Value(0)
    )
    rows = Participant.objects.filter(person_id__in=people, left_at=None).filter(
        Q(conversation__last_seq__gt=pointer) | (direct & Q(settled_seq__lt=F("last_read_seq")))
    )
    return rows.annotate(unread=F("conversation__last_seq") - pointer - _counted(own) - uncounted + before)


def _counted_before_pointer() -> Any:
    """How many messages of a direct conversation are unread before the newest one that was read."""
    receipts = Receipt.objects.filter(
        person_id=OuterRef("person_id"),
        read_at=None,
        message__conversation_id=OuterRef("conversation_id"),
        message__seq__gt=OuterRef("settled_seq"),
        message__seq__lt=OuterRef("last_read_seq"),
        message__deleted_at=None,
    )
    return _counted(receipts.order_by(), "message__conversation_id")


def _own(messages: QuerySet[Message], who: Any) -> QuerySet[Message]:
    return messages.filter(sender_id=who)


def _of_others(messages: QuerySet[Message], who: Any) -> QuerySet[Message]:
    return messages.filter(Q(sender=None) | ~Q(sender_id=who))


def _special(messages: QuerySet[Message]) -> QuerySet[Message]:
    """The messages that are deleted or replies, as the condition of their index says it."""
    return messages.filter(Q(deleted_at__isnull=False) | Q(parent__isnull=False))


def _deleted(messages: QuerySet[Message]) -> QuerySet[Message]:
    return _special(messages).filter(deleted_at__isnull=False)


def _passed_over(messages: QuerySet[Message], who: Any, who_outside: Any) -> QuerySet[Message]:
    """The messages of others that do not count: deleted ones, and replies in threads that the person does not follow.

    ``who_outside`` is the person as a subquery of these names them.
    """
    replied = Message.objects.filter(parent_id=OuterRef("parent_id"), sender_id=who_outside, deleted_at=None)
    follows = Q(parent__sender_id=who) | Exists(replied)
    return _of_others(_special(messages).filter(Q(deleted_at__isnull=False) | ~follows), who)


def _counted(rows: QuerySet[Any], place: str = "conversation_id") -> Any:
    numbers = rows.values(place).annotate(number=Count("pk")).values("number")
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
