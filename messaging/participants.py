"""Who takes part in a larger conversation: adding, removing, roles, joining, leaving.

Each function locks the conversation until the commit, and publishes in the same transaction that the authority of the
people concerned has changed. So whoever was removed loses the events within two seconds, and whoever came has them from
the next one on.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from realtime.access.audience import user_key
from realtime.log.publish import publish

from . import access, checking, contacts, membership
from .errors import Conflict, Forbidden, Invalid, NotFound
from .events import ConversationChanged, ParticipantsChanged
from .models import Conversation, Participant
from .serializing import person_id, person_name

PARTICIPANTS_LIMIT = 10_000  # of a conversation
LISTED = 100  # people whom an event lists
NO_PARTICIPANT = "This person does not take part in the conversation."

Role = Participant.Role


@transaction.atomic
def add_participants(
    actor: Any, conversation: Conversation, users: Collection[Any], role: str = Role.MEMBER
) -> list[Participant]:
    """Let these people take part. Return the rows of those who did not yet.

    Raises Forbidden for whoever does not administer the conversation, NotFound for people to whom they may not write,
    Conflict for a direct conversation and for one about something of an application, Invalid for an unknown role.
    """
    found = access.find(actor, conversation.pk)
    _require_larger(found.conversation)
    access.require_admin(found)
    _require_role(role)
    access.require_reachable(actor, users)
    return _add(actor, conversation, users, role)


def _add(actor: Any, conversation: Conversation, users: Iterable[Any], role: str) -> list[Participant]:
    place, now = access.lock(conversation.pk), timezone.now()
    people = {one.pk: one for one in users}
    rows = {row.person_id: row for row in place.participants.filter(person_id__in=people)}
    new = {pk: one for pk, one in people.items() if pk not in rows or rows[pk].left_at is not None}
    if not new:
        return []
    if place.participants.filter(left_at=None).count() + len(new) > PARTICIPANTS_LIMIT:
        raise Conflict(f"A conversation has {PARTICIPANTS_LIMIT} participants at most.")
    if not place.shows_history:
        membership.raise_generation(place, now)
        place.save(update_fields=["generation", "past_generations"])
    added = [
        _joined(rows.get(pk) or Participant(conversation=place, person=one), place, role, now)
        for pk, one in new.items()
    ]
    for row in (row for row in added if row.pk is not None):  # who comes back
        row.save()
    Participant.objects.bulk_create([row for row in added if row.pk is None], batch_size=1000)
    _announce(place, actor, added=[(new[row.person_id], row.role) for row in added])
    return added


def _joined(row: Participant, place: Conversation, role: str, now: datetime) -> Participant:
    """The row of somebody who takes part from now on. What was written before is not unread for them."""
    row.role, row.holds_key, row.joined_at = role, True, now
    row.left_at = row.left_seq = row.archived_at = None
    row.was_removed = False
    row.joined_generation = 1 if place.shows_history else place.generation
    row.history_from = 0 if place.shows_history else place.last_seq
    row.last_read_seq = row.last_delivered_seq = place.last_seq
    return row


@transaction.atomic
def remove_participant(actor: Any, conversation: Conversation, user: Any) -> None:
    """Take a person out of the conversation, or leave it. They keep what was written up to now.

    Whoever was taken out by somebody else may be added again, and may not join by themselves.

    Raises Forbidden for whoever does not administer it, NotFound where that person does not take part, Conflict for the
    last administrator and for conversations that nobody leaves.
    """
    found = access.find(actor, conversation.pk)
    _require_larger(found.conversation)
    if user.pk != actor.pk:
        access.require_admin(found)
    place = access.lock(conversation.pk)
    row = _row(place, user)
    _require_other_admin(place, row)
    row.left_at, row.left_seq, row.holds_key = timezone.now(), place.last_seq, False
    row.was_removed = user.pk != actor.pk
    row.save(update_fields=["left_at", "left_seq", "holds_key", "was_removed"])
    if place.assignee_id == user.pk:
        Conversation.objects.filter(pk=place.pk).update(assignee=None)
    _announce(place, actor, removed=[user.pk])


def leave(person: Any, conversation: Conversation) -> None:
    """Leave a conversation. Raises Conflict for the last administrator."""
    remove_participant(person, conversation, person)


@transaction.atomic
def set_role(actor: Any, conversation: Conversation, user: Any, role: str) -> Participant:
    """Give a person another role. Raises as ``remove_participant``; Invalid for an unknown role."""
    found = access.find(actor, conversation.pk)
    _require_larger(found.conversation)
    access.require_admin(found)
    _require_role(role)
    place = access.lock(conversation.pk)
    row = _row(place, user)
    if row.role == role:
        return row
    if role != Role.ADMIN:
        _require_other_admin(place, row)
    row.role = role
    row.save(update_fields=["role"])
    _announce(place, actor, changed=[(user, role)])
    return row


@transaction.atomic
def join(person: Any, conversation_id: Any) -> Conversation:
    """Take part in an open conversation, or in one of the queue of support, which is then assigned to this person.

    Raises NotFound for conversations that cannot be joined by this person.
    """
    place = Conversation.objects.filter(pk=checking.row_id(conversation_id)).select_related("created_by").first()
    if place is None:
        raise NotFound(access.NO_CONVERSATION)
    takes_part = place.participants.filter(person_id=person.pk, left_at=None).exists()
    supports = place.kind == Conversation.Kind.SUPPORT and contacts.rule().may_support(person)
    if not (takes_part or supports or _may_join(person, place)):
        raise NotFound(access.NO_CONVERSATION)
    if not takes_part:
        _add(person, place, [person], Role.MODERATOR if supports else Role.MEMBER)
    # In the statement, since another one may have taken it meanwhile.
    if supports and Conversation.objects.filter(pk=place.pk, assignee=None).update(assignee=person):
        _announce_assignee(place)
    return access.find(person, place.pk).conversation


def _may_join(person: Any, place: Conversation) -> bool:
    """An open group can be joined by those to whom its maker might write, unless they were taken out of it."""
    if not place.is_open or place.kind != Conversation.Kind.GROUP:
        return False
    if place.participants.filter(person_id=person.pk, was_removed=True).exists():
        return False
    maker = place.created_by
    return maker is None or contacts.rule().may_write(maker, person)


@transaction.atomic
def assign(actor: Any, conversation: Conversation, person: Any) -> None:
    """Say who takes care of a support conversation; ``None``: nobody, so it is in the queue again.

    Raises Forbidden for whoever does not do support, Conflict for other conversations and people who do not take part.
    """
    place = access.find(actor, conversation.pk).conversation
    if place.kind != Conversation.Kind.SUPPORT:
        raise Conflict("Only conversations of support are assigned.")
    if not contacts.rule().may_support(actor):
        raise Forbidden("Only support may do this.", code="support_only")
    if person is not None and not place.participants.filter(person_id=person.pk, left_at=None).exists():
        raise Conflict(NO_PARTICIPANT)
    _assign(place, person)


def _assign(place: Conversation, person: Any) -> None:
    Conversation.objects.filter(pk=place.pk).update(assignee=person)
    _announce_assignee(place)


def _announce_assignee(place: Conversation) -> None:
    event = ConversationChanged(conversation_id=place.pk, what="assignee")
    publish((event, membership.audience(access.lock(place.pk))))


def _row(place: Conversation, user: Any) -> Participant:
    row = place.participants.filter(person_id=user.pk, left_at=None).first()
    if row is None:
        raise NotFound(NO_PARTICIPANT)
    return row


def _require_larger(conversation: Conversation) -> None:
    if not conversation.is_keyed:
        raise Conflict("Who takes part in this conversation cannot be changed.", code="fixed_participants")


def _require_role(role: Any) -> None:
    if role not in Role.values:
        raise Invalid("There is no such role.", field="role")


def _require_other_admin(place: Conversation, row: Participant) -> None:
    """Raise Conflict where others would stay behind without an administrator."""
    if row.role != Role.ADMIN:
        return
    others = place.participants.filter(left_at=None).exclude(pk=row.pk)
    if others.exists() and not others.filter(role=Role.ADMIN).exists():
        raise Conflict("The last administrator may not leave: name another one first.", code="last_admin")


def _announce(
    place: Conversation,
    actor: Any,
    *,
    added: Collection[tuple[Any, str]] = (),
    changed: Collection[tuple[Any, str]] = (),
    removed: Collection[Any] = (),
) -> None:
    """Publish the change to those who take part now, and to whom it removed."""
    event = ParticipantsChanged(
        conversation_id=place.pk,
        actor_id=person_id(actor.pk),
        actor_name=person_name(actor),
        added=[_listed(one, role) for one, role in list(added)[:LISTED]],
        added_count=len(added),
        changed=[_listed(one, role) for one, role in changed],
        removed=[person_id(one) for one in removed],
    )
    concerned = [*(one.pk for one, _ in added), *removed]
    audience = [*membership.audience(place), *(user_key(one) for one in removed)]
    authority = [membership.authority_of(concerned)] if concerned else []
    publish(*authority, (event, audience))


def _listed(one: Any, role: str) -> dict[str, Any]:
    return {"person_id": person_id(one.pk), "person_name": person_name(one), "role": role}
