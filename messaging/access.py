"""What a person may see of a conversation, and whether they may write in it. Every service asks here first."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet

from . import checking, contacts, membership, subjects
from .errors import Forbidden, NotFound
from .models import Conversation, Message, Participant

NO_CONVERSATION = "There is no such conversation."
NO_MESSAGE = "There is no such message."
WRITING_ROLES = (Participant.Role.MEMBER, Participant.Role.MODERATOR, Participant.Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Access:
    """A conversation as one person sees it.

    ``participant`` is their row. It is not saved (``pk`` is ``None``) for somebody who looks at the queue of support
    and does not take part.
    """

    conversation: Conversation
    participant: Participant

    @property
    def takes_part(self) -> bool:
        """Whether they take part now: neither left nor only looking."""
        return self.participant.pk is not None and self.participant.left_at is None

    def readable(self) -> QuerySet[Message]:
        """The messages that they may read: since they joined, or all; up to when they left."""
        messages = self.conversation.messages.all()
        if self.participant.history_from:
            messages = messages.filter(seq__gt=self.participant.history_from)
        if self.participant.left_seq is not None:
            messages = messages.filter(seq__lte=self.participant.left_seq)
        return messages


def find(person: Any, conversation_id: Any) -> Access:
    """The conversation with this id as ``person`` sees it. Raises NotFound where they may not know of it."""
    row_id = checking.row_id(conversation_id)
    participant = (
        Participant.objects.select_related("conversation").filter(conversation_id=row_id, person_id=person.pk).first()
    )
    conversation = participant.conversation if participant else Conversation.objects.filter(pk=row_id).first()
    if conversation is None:
        raise NotFound(NO_CONVERSATION)
    return of_row(person, conversation, participant)


def of_row(person: Any, conversation: Conversation, participant: Participant | None) -> Access:
    """``find`` for rows that have been read already."""
    if conversation.subject_key is not None:
        if conversation.subject_key not in subjects.visible_keys(person, [conversation.subject_key]):
            raise NotFound(NO_CONVERSATION)
        return Access(conversation, participant or _first_look(person, conversation))
    if participant is None and conversation.kind == Conversation.Kind.SUPPORT and contacts.rule().may_support(person):
        participant = Participant(conversation=conversation, person=person, role=Participant.Role.READONLY)
    if participant is None:
        raise NotFound(NO_CONVERSATION)
    return Access(conversation, participant)


def _first_look(person: Any, conversation: Conversation) -> Participant:
    """Who may see a subject takes part in its conversation from the first look: what follows is unread for them."""
    row, _ = Participant.objects.get_or_create(
        conversation=conversation, person=person, defaults={"last_read_seq": conversation.last_seq}
    )
    return row


def message_of(person: Any, message_id: Any) -> tuple[Message, Access]:
    """A message, and its conversation as ``person`` sees it. Raises NotFound where they may not read it."""
    message = Message.objects.select_related("sender", "conversation").filter(pk=checking.row_id(message_id)).first()
    if message is None:
        raise NotFound(NO_MESSAGE)
    participant = Participant.objects.filter(conversation_id=message.conversation_id, person_id=person.pk).first()
    try:
        access = of_row(person, message.conversation, participant)
    except NotFound:
        raise NotFound(NO_MESSAGE) from None
    seen = access.participant
    if message.seq <= seen.history_from or (seen.left_seq is not None and message.seq > seen.left_seq):
        raise NotFound(NO_MESSAGE)
    return message, access


def require_writable(person: Any, access: Access) -> Any:
    """Raise Forbidden where the person may read this conversation and may not write in it.

    Return the other person of a direct conversation (in notes the same person), who must still be one to whom
    ``person`` may write; ``None`` of a larger one.
    """
    require_writer(person, access)
    return _reachable_other(person, access.conversation) if access.conversation.is_direct else None


def require_writer(person: Any, access: Access) -> None:
    """Raise Forbidden where their part in this conversation is not that of somebody who writes.

    It does not ask to whom they may write. So people can delete what they wrote to somebody who is disabled by now.
    """
    conversation, participant = access.conversation, access.participant
    require_not_left(access)
    if not access.takes_part:
        raise Forbidden("You do not take part in this conversation.", code="not_participant")
    if conversation.kind == Conversation.Kind.SYSTEM:
        raise Forbidden("Nobody writes in this conversation.", code="system_conversation")
    if participant.role not in WRITING_ROLES:
        raise Forbidden("You may read this conversation and not write in it.", code="readonly")
    if conversation.subject_key is not None and not subjects.subject_of(conversation.subject_key).may_write(
        person, conversation.subject_key
    ):
        raise Forbidden("You may read this conversation and not write in it.", code="readonly")


def _reachable_other(person: Any, place: Conversation) -> Any:
    others = [row.person for row in place.participants.select_related("person") if row.person_id != person.pk]
    if not others and place.direct_key == membership.direct_key(person.pk, person.pk):
        return person
    if not others or not contacts.rule().may_write(person, others[0]):
        raise Forbidden("You may not write to this person.", code="not_reachable")
    return others[0]


def require_still_writer(person: Any, place: Conversation) -> None:
    """Raise Forbidden where the person was taken out of a larger conversation since they were let write in it.

    Asked with the lock of the conversation, which whoever removes somebody holds until the commit.
    """
    if not place.participants.filter(person_id=person.pk, left_at=None, role__in=WRITING_ROLES).exists():
        raise Forbidden("You no longer take part in this conversation.", code="not_participant")


def require_not_left(access: Access) -> None:
    """Raise Forbidden for whoever took part in this conversation and does no longer."""
    if access.participant.left_at is not None:
        raise Forbidden("You no longer take part in this conversation.", code="not_participant")


def require_admin(access: Access) -> None:
    """Raise Forbidden for whoever does not administer this conversation."""
    if not access.takes_part or access.participant.role != Participant.Role.ADMIN:
        raise Forbidden("Only its administrators may do this.", code="admin_only")


def lock(conversation_id: int) -> Conversation:
    """The conversation, locked until the commit. On SQLite, which has one writer, the transaction is the lock.

    Rows that refer to it may be written meanwhile, as those of people who look at it for the first time.
    """
    return Conversation.objects.select_for_update(no_key=True).get(pk=conversation_id)


def require_reachable(actor: Any, people: Iterable[Any]) -> None:
    """Raise NotFound where ``actor`` may not write to one of these people; ``None`` may write to everybody."""
    if actor is None:
        return
    rule = contacts.rule()
    for one in people:
        if one.pk != actor.pk and not rule.may_write(actor, one):
            raise NotFound("There is no such person.", code="receiver_not_found", field="participants")


def archived(now_archived: bool) -> Q:
    """The rows of participants whose conversation is archived for them, or is not.

    A message that was written later brings a conversation back.
    """
    is_archived = Q(archived_at__isnull=False) & (
        Q(conversation__last_message_at=None) | Q(archived_at__gte=F("conversation__last_message_at"))
    )
    return is_archived if now_archived else ~is_archived
