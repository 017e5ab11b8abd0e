"""Conversations: finding and making them, and what a person does with one for themselves."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from realtime.access.audience import user_key
from realtime.log.publish import publish

from . import access, checking, contacts, membership, subjects
from .errors import Forbidden, Invalid, NotFound
from .events import ConversationChanged
from .listing import ConversationView, list_for, view
from .models import TITLE_LENGTH, Conversation, Participant
from .participants import PARTICIPANTS_LIMIT, add_participants, assign, join, leave, remove_participant, set_role

__all__ = [
    "ConversationView",
    "add_participants",
    "archive",
    "assign",
    "create",
    "get_for",
    "join",
    "leave",
    "list_for",
    "made_direct",
    "mute",
    "of_subject",
    "open_direct",
    "remove_participant",
    "set_role",
    "unarchive",
    "update",
    "view",
]


MADE_KINDS = (Conversation.Kind.DIRECT, Conversation.Kind.GROUP, Conversation.Kind.SUPPORT, Conversation.Kind.SYSTEM)


def get_for(person: Any, conversation_id: Any) -> Conversation:
    """The conversation with this id. Raises NotFound where the person may not know of it."""
    return access.find(person, conversation_id).conversation


def open_direct(person: Any, other: Any) -> Conversation | None:
    """The direct conversation of two people (or of one with themselves), if there is one."""
    return Conversation.objects.filter(direct_key=membership.direct_key(person.pk, other.pk)).first()


def made_direct(person: Any, other: Any) -> Conversation:
    """The direct conversation of two people, made where there is none. In the transaction of its first message.

    Raises NotFound where ``person`` may not write to ``other``.
    """
    if not contacts.rule().may_write(person, other):
        raise NotFound("There is no such person.", code="receiver_not_found", field="receiver_id")
    found = open_direct(person, other)
    if found is not None:
        return found
    key = membership.direct_key(person.pk, other.pk)
    # Several may begin at once. The database lets one of them insert the row, and the others find it.
    Conversation.objects.bulk_create(
        [Conversation(kind=Conversation.Kind.DIRECT, direct_key=key, created_by=person)], ignore_conflicts=True
    )
    made = Conversation.objects.get(direct_key=key)
    people = {one.pk: one for one in (person, other)}.values()
    Participant.objects.bulk_create(
        [Participant(conversation=made, person=one) for one in people], ignore_conflicts=True
    )
    return made


@transaction.atomic
def of_subject(person: Any, key: str) -> Conversation:
    """The conversation about something of an application (messaging/subjects.py), made at the first look.

    Raises NotFound for whoever may not see it.
    """
    subject = subjects.subject_of(key)
    if key not in subjects.visible_keys(person, [key]):
        raise NotFound(access.NO_CONVERSATION)
    if not Conversation.objects.filter(subject_key=key).exists():
        Conversation.objects.bulk_create(
            [
                Conversation(
                    kind=Conversation.Kind.SUBJECT,
                    subject_key=key,
                    title=subject.title(key)[:TITLE_LENGTH],
                    shows_history=True,
                )
            ],
            ignore_conflicts=True,
        )
    return get_for(person, Conversation.objects.get(subject_key=key).pk)


@transaction.atomic
def create(
    *,
    creator: Any,
    kind: str,
    participants: Collection[Any] = (),
    subject: str = "",
    settings: Mapping[str, Any] | None = None,
) -> Conversation:
    """Make a conversation between these people; its creator takes part, and administers it. A direct one exists once.

    ``creator`` may be ``None`` where a program makes it. ``subject`` is its title. ``settings`` has ``shows_history``,
    ``is_open`` and ``metadata``. Raises Invalid, and NotFound for people to whom the creator may not write.
    """
    title = checking.conversation_title(subject)
    values = checking.conversation_settings(settings or {})
    if kind not in MADE_KINDS:
        raise Invalid("There is no such kind of conversation.", field="type")
    people = {one.pk: one for one in participants}
    if kind == Conversation.Kind.DIRECT:
        return _create_direct(creator, people)
    if creator is not None:
        if kind == Conversation.Kind.SYSTEM and not creator.is_staff:
            raise Forbidden("Only the site's staff makes conversations in which nobody writes.", code="staff_only")
        people[creator.pk] = creator
    if len(people) > PARTICIPANTS_LIMIT:
        raise Invalid(f"A conversation has {PARTICIPANTS_LIMIT} participants at most.", field="participants")
    access.require_reachable(creator, people.values())
    made = Conversation.objects.create(
        kind=kind,
        title=title,
        created_by=creator,
        **{"shows_history": kind == Conversation.Kind.SUPPORT, **values},
    )
    rows = [
        Participant(conversation=made, person=one, holds_key=True, role=_first_role(one, creator))
        for one in people.values()
    ]
    Participant.objects.bulk_create(rows, batch_size=1000)
    publish(
        membership.authority_of(people),
        (ConversationChanged(conversation_id=made.pk, what="created"), membership.audience(made)),
    )
    return made


def _first_role(one: Any, creator: Any) -> str:
    return Participant.Role.ADMIN if creator is not None and one.pk == creator.pk else Participant.Role.MEMBER


def _create_direct(creator: Any, people: dict[Any, Any]) -> Conversation:
    others = [one for one in people.values() if creator is None or one.pk != creator.pk]
    pair = others if creator is None else [creator, *others]
    if len(pair) != 2:
        raise Invalid("A direct conversation has two people.", field="participants")
    return made_direct(*pair)


@transaction.atomic
def update(
    actor: Any, conversation: Conversation, *, subject: str | None = None, settings: Mapping[str, Any] | None = None
) -> Conversation:
    """Change the title or the settings. Raises Forbidden for whoever does not administer it."""
    access.require_admin(access.find(actor, conversation.pk))
    values: dict[str, Any] = checking.conversation_settings(settings or {})
    if subject is not None:
        values["title"] = checking.conversation_title(subject)
    changed = access.lock(conversation.pk)
    for name, value in values.items():
        setattr(changed, name, value)
    changed.save(update_fields=[*values])
    what = "settings" if settings else "title"
    publish((ConversationChanged(conversation_id=changed.pk, what=what), membership.audience(changed)))
    return changed


def archive(person: Any, conversation: Conversation) -> None:
    """Put a conversation away, for this person alone. The next message brings it back."""
    _set_own(person, conversation, "archived", archived_at=timezone.now())


def unarchive(person: Any, conversation: Conversation) -> None:
    """Take a conversation back into this person's list."""
    _set_own(person, conversation, "unarchived", archived_at=None)


def mute(person: Any, conversation: Conversation, until: datetime | None) -> None:
    """Be quiet about a conversation until then, for this person alone; ``None`` ends that."""
    _set_own(person, conversation, "muted", muted_until=until)


@transaction.atomic
def _set_own(person: Any, conversation: Conversation, what: str, **values: Any) -> None:
    """Change the person's own row, and tell their other tabs."""
    found = access.find(person, conversation.pk)
    Participant.objects.filter(pk=found.participant.pk).update(**values)
    publish((ConversationChanged(conversation_id=conversation.pk, what=what), [user_key(person.pk)]))
