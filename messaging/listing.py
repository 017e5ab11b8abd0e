"""A person's conversations, the newest activity first, each with what a list shows of it. A fixed number of queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Value, Window
from django.db.models.functions import Coalesce, Concat, RowNumber
from django.utils import timezone

from . import access, after_leaving, checking, contacts, unread
from .access import Access
from .models import Conversation, Message, Participant
from .preferences import tells_reads
from .serializing import person_name

SHOWN = 100  # participants of a conversation that a list names
SEARCHED = 5_000  # conversations whose titles are searched, the newest
LEFT = "Conversation that you left"


@dataclass(frozen=True, slots=True)
class ConversationView:
    """A conversation as one person sees it in a list.

    ``participant`` is their own row, ``participants`` the rows (with ``person``) of those who take part, at most
    ``SHOWN``, of ``participant_count``. ``last_message`` is the newest that they may read.
    """

    conversation: Conversation
    participant: Participant
    participants: Sequence[Participant]
    participant_count: int
    last_message: Message | None
    unread: int
    is_archived: bool
    is_muted: bool

    @property
    def others(self) -> list[Participant]:
        """The rows of the other people."""
        return [row for row in self.participants if row.person_id != self.participant.person_id]

    @property
    def other(self) -> Any:
        """The other person of a direct conversation, or the same person where it is notes; ``None`` in larger ones."""
        if not self.conversation.is_direct:
            return None
        row = next(iter([*self.others, *self.participants]), None)
        return row.person if row else None

    @property
    def title(self) -> str:
        """What the conversation is called: its title, the other person, or the people. Whoever left is not told."""
        if self.participant.left_at is not None:
            return LEFT
        if self.conversation.title:
            return self.conversation.title
        if self.conversation.is_direct:
            return person_name(self.other)
        return ", ".join(person_name(row.person) for row in self.others[:3])

    def last_read_at(self, row: Participant) -> datetime | None:
        """When somebody last read, as far as this person is told.

        Nothing where one of the two does not tell, or where this person does not take part.
        """
        if row.person_id == self.participant.person_id:
            return row.last_read_at
        if self.participant.pk is None:
            return None
        return row.last_read_at if tells_reads(row.person) and tells_reads(self.participant.person) else None

    @property
    def active_at(self) -> datetime:
        """By what lists are sorted."""
        return self.conversation.last_message_at or self.conversation.created_at


def list_for(
    person: Any,
    *,
    archived: bool | None = None,
    unread_only: bool = False,
    kind: str | None = None,
    search: str = "",
    limit: int | None = None,
    offset: int = 0,
    before: int | None = None,
) -> list[ConversationView]:
    """The conversations in which a person takes part, the newest activity first. At most five queries.

    ``archived``: only those that are archived for this person, or only the others (``None``: both).
    ``unread_only``: only those with something unread. ``kind`` is one of ``Conversation.Kind``. ``search`` looks into
    titles and the names of the other people. ``before`` continues behind the conversation with this id, which is one
    of the person's own; behind any other one there is nothing.
    """
    rows = rows_for(person, archived=archived, kind=kind, search=search)
    if unread_only:
        rows = rows.filter(unread.has_unread(person))
    if before is not None:
        at = rows_for(person).filter(conversation_id=before).values_list("active_at", flat=True).first()
        if at is None:
            return []
        rows = rows.filter(Q(active_at__lt=at) | Q(active_at=at, conversation_id__lt=before))
    end = None if limit is None else offset + limit
    return views_of(person, list(rows[offset:end]))


def rows_for(person: Any, *, archived: bool | None = None, kind: str | None = None, search: str = "") -> QuerySet[Any]:
    """The person's rows of ``list_for``, sorted, with conversation, newest message and its sender. Raises Invalid."""
    search = checking.storable(search, "search")
    rows = (
        Participant.objects.filter(person_id=person.pk, left_at=None)
        # A direct conversation in which nobody has written is there for whoever opened it alone.
        .exclude(
            ~Q(conversation__created_by_id=person.pk) | Q(conversation__created_by=None),
            conversation__kind=Conversation.Kind.DIRECT,
            conversation__last_seq=0,
        )
        .annotate(active_at=Coalesce("conversation__last_message_at", "conversation__created_at"))
        .select_related("conversation__last_message__sender", "person__messaging_preference")
        .order_by("-active_at", "-conversation_id")
    )
    hidden = unread.hidden_subjects(person)
    if hidden:
        rows = rows.exclude(conversation_id__in=hidden)
    if archived is not None:
        rows = rows.filter(access.archived(archived))
    if kind is not None:
        rows = rows.filter(conversation__kind=kind)
    if search:
        rows = rows.filter(Q(conversation_id__in=_titled_like(person, search)) | _with_person_like(person, search))
    return rows


def joinable(person: Any) -> QuerySet[Conversation]:
    """The conversations in which a person does not take part and may: open groups, and for support its queue."""
    takes_part = Participant.objects.filter(conversation_id=OuterRef("pk"), person_id=person.pk, left_at=None)
    was_removed = Participant.objects.filter(conversation_id=OuterRef("pk"), person_id=person.pk, was_removed=True)
    makers = contacts.rule().reachable(person).values("pk")
    kinds = Q(kind=Conversation.Kind.GROUP, is_open=True) & (Q(created_by=None) | Q(created_by__in=makers))
    kinds &= Q(~Exists(was_removed))
    if contacts.rule().may_support(person):
        kinds |= Q(kind=Conversation.Kind.SUPPORT, assignee=None)
    rows = Conversation.objects.filter(kinds).exclude(Exists(takes_part))
    return rows.annotate(active_at=Coalesce("last_message_at", "created_at")).order_by("-active_at", "-pk")


def joinable_views(person: Any, places: Iterable[Conversation]) -> list[ConversationView]:
    """Conversations of ``joinable`` as a list shows them: without what was said there."""
    places = list(places)
    people, numbers = _people([place.pk for place in places])
    return [
        ConversationView(
            conversation=place,
            participant=Participant(conversation=place, person=person),
            participants=people.get(place.pk, []),
            participant_count=numbers.get(place.pk, 0),
            last_message=None,
            unread=0,
            is_archived=False,
            is_muted=False,
        )
        for place in places
    ]


def _titled_like(person: Any, search: str) -> list[int]:
    """The person's conversations whose title has this text. Titles are encrypted, so they are compared here."""
    own = Participant.objects.filter(person_id=person.pk, left_at=None).exclude(
        conversation__kind=Conversation.Kind.DIRECT  # which have none
    )
    titles = own.order_by("-conversation_id").values_list("conversation_id", "conversation__title")[:SEARCHED]
    sought = search.casefold()
    return [number for number, title in titles if sought in title.casefold()]


def _with_person_like(person: Any, search: str) -> Q:
    user = get_user_model()
    username = f"person__{user.USERNAME_FIELD}"
    others = (
        Participant.objects.filter(conversation_id=OuterRef("conversation_id"), left_at=None)
        .exclude(person_id=person.pk)
        .annotate(full_name=Concat("person__first_name", Value(" "), "person__last_name"))
        .filter(Q(full_name__icontains=search) | Q(**{f"{username}__icontains": search}))
    )
    return Q(Exists(others))


def view(person: Any, found: Access) -> ConversationView:
    """One conversation as ``list_for`` shows it; to whoever left it, without what may have changed since."""
    row = found.participant
    if row.left_at is not None:
        row.conversation = after_leaving.conversation_as_left(row)
        [made] = views_of(person, [row])
        return replace(made, participants=(), participant_count=0)
    if row.conversation.last_message_id is not None:
        row.conversation.last_message = Message.objects.select_related("sender").get(
            pk=row.conversation.last_message_id
        )
    [made] = views_of(person, [row])
    return made


def views_of(person: Any, rows: list[Participant]) -> list[ConversationView]:
    """Rows of ``rows_for`` as a list shows them. Two queries for any number of them."""
    if not rows:
        return []
    ids = [row.conversation_id for row in rows]
    counts = unread.counted(person) if len(rows) > 1 else _unread_of(person, rows[0])
    people, numbers = _people(ids)
    now = timezone.now()
    return [
        ConversationView(
            conversation=row.conversation,
            participant=row,
            participants=people.get(row.conversation_id, []),
            participant_count=numbers.get(row.conversation_id, 0),
            last_message=_newest(row),
            unread=counts.get(row.conversation_id, 0),
            is_archived=_is_archived(row),
            is_muted=row.muted_until is not None and row.muted_until > now,
        )
        for row in rows
    ]


def _unread_of(person: Any, row: Participant) -> dict[int, int]:
    if row.pk is None or row.left_at is not None:
        return {}
    return {row.conversation_id: unread.of_conversation(person, row.conversation)}


def _newest(row: Participant) -> Message | None:
    newest = row.conversation.last_message
    if newest is None or newest.seq <= row.history_from or (row.left_seq is not None and newest.seq > row.left_seq):
        return None
    return newest


def _is_archived(row: Participant) -> bool:
    newest = row.conversation.last_message_at
    return row.archived_at is not None and (newest is None or row.archived_at >= newest)


def _people(ids: list[int]) -> tuple[dict[int, list[Participant]], dict[int, int]]:
    """The first participants of each conversation, and how many there are. One query."""
    rows = (
        Participant.objects.filter(conversation_id__in=ids, left_at=None)
        .annotate(
            place=Window(RowNumber(), partition_by=F("conversation_id"), order_by=F("id").asc()),
            number=Window(Count("pk"), partition_by=F("conversation_id")),
        )
        .filter(place__lte=SHOWN)
        .select_related("person__messaging_preference")
        .order_by("conversation_id", "id")
    )
    people: dict[int, list[Participant]] = {}
    numbers: dict[int, int] = {}
    for row in rows:
        people.setdefault(row.conversation_id, []).append(row)
        numbers[row.conversation_id] = row.number
    return people, numbers
