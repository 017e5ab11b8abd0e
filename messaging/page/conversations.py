"""The page's endpoints for conversations: the list, one, its history, who takes part, and what one does with it."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from .. import access, checking, conversations, listing, reading, receipts
from ..errors import Invalid
from ..live.typing import typing
from ..models import Conversation, Participant
from ..serializing import messages_json, person_id
from ..turns import charge_typing
from .endpoint import Answer, body_of, chosen, endpoint, flag, number
from .people import find_people, person_of
from .shapes import conversation_of, conversations_json, people_json

PAGE = 30
MOST = 100  # of one page
LONGEST_SEARCH = 100
MUTED_FOR = timedelta(days=3650)  # until one ends it
PEOPLE_SHOWN = 500  # of a conversation


def _list(request: HttpRequest) -> Answer:
    """A page of the list, the newest activity first; ``before`` continues behind the conversation with this id.

    ``unread``: only what has something unread. ``archived``: only what is archived. A search looks into everything.
    """
    limit = number(request, "limit", PAGE, MOST)
    before = number(request, "before", 0, checking.LARGEST_ID) or None
    search = checking.storable(request.GET.get("q", "")[:LONGEST_SEARCH], "q").strip()
    archived = None if search else flag(request, "archived")
    views = listing.list_for(
        request.user,
        archived=archived,
        unread_only=not search and flag(request, "unread"),
        search=search,
        limit=limit + 1,
        before=before,
    )
    return {"conversations": conversations_json(request.user, views[:limit]), "has_more": len(views) > limit}


@transaction.atomic
def _create(request: HttpRequest) -> Answer:
    body = body_of(request)
    made = conversations.create(
        creator=request.user,
        kind=Conversation.Kind.GROUP,
        participants=find_people(request.user, body.get("participants")),
        subject=body.get("title") or "",
        settings={"shows_history": True},
    )
    return conversation_of(request.user, made.pk)


def _one(request: HttpRequest, conversation_id: int) -> Answer:
    return conversation_of(request.user, conversation_id)


@transaction.atomic
def _change(request: HttpRequest, conversation_id: int) -> Answer:
    """Archive it or take it back, mute it or end that, for oneself; rename it, for all."""
    body, person = body_of(request), request.user
    conversation = conversations.get_for(person, conversation_id)
    archived, muted = chosen(body, "archived"), chosen(body, "muted")
    if archived is not None:
        (conversations.archive if archived else conversations.unarchive)(person, conversation)
    if muted is not None:
        conversations.mute(person, conversation, timezone.now() + MUTED_FOR if muted else None)
    if "title" in body:
        conversations.update(person, conversation, subject=body["title"])
    return conversation_of(person, conversation_id)


def _history(request: HttpRequest, conversation_id: int) -> Answer:
    """A page of the history, the newest first: the newest, or those before the message with the id ``before``."""
    conversation = conversations.get_for(request.user, conversation_id)
    messages, has_more = reading.history(
        request.user,
        conversation,
        before_id=request.GET.get("before"),
        limit=number(request, "limit", PAGE, MOST),
    )
    return {"messages": messages_json(messages, request.user)[::-1], "has_more": has_more}


def _about(request: HttpRequest, key: str) -> Answer:
    """The conversation about something of an application (``project:12``)."""
    return conversation_of(request.user, conversations.of_subject(request.user, key).pk)


def _read(request: HttpRequest, conversation_id: int) -> Answer:
    conversation = conversations.get_for(request.user, conversation_id)
    up_to = body_of(request).get("up_to")
    if not checking.row_id(up_to):
        raise Invalid("This is not the id of a message.", field="up_to")
    return {"read": receipts.mark_read(request.user, conversation=conversation, up_to=up_to).count}


def _people(request: HttpRequest, conversation_id: int) -> Answer:
    """Those who take part, with their roles: the first of them, where there are very many."""
    found = access.find(request.user, conversation_id)
    access.require_not_left(found)
    rows = found.conversation.participants.filter(left_at=None).select_related("person").order_by("id")
    roles = {person_id(row.person_id): row for row in rows[:PEOPLE_SHOWN]}
    people = people_json(request.user, [row.person for row in roles.values()])
    return {"people": [{**one, "role": roles[one["id"]].role} for one in people]}


def _add_people(request: HttpRequest, conversation_id: int) -> Answer:
    conversation = conversations.get_for(request.user, conversation_id)
    people = find_people(request.user, body_of(request).get("people"))
    return {"added": len(conversations.add_participants(request.user, conversation, people))}


def _remove_person(request: HttpRequest, conversation_id: int, person: str) -> Answer:
    conversation = conversations.get_for(request.user, conversation_id)
    conversations.remove_participant(request.user, conversation, person_of(person))
    return {}


def _typing(request: HttpRequest, conversation_id: int) -> Answer:
    conversation = conversations.get_for(request.user, conversation_id)
    charge_typing(request.user)
    typing(request.user, conversation, chosen(body_of(request), "is_typing") is not False)
    return {}


def _leave(request: HttpRequest, conversation_id: int) -> Answer:
    conversations.leave(request.user, conversations.get_for(request.user, conversation_id))
    return {}


def _muted(request: HttpRequest) -> Answer:
    return {"muted": muted_ids(request.user)}


def muted_ids(person: Any) -> list[int]:
    """The ids of the conversations about which a person wants to hear nothing."""
    rows = Participant.objects.filter(person_id=person.pk, left_at=None, muted_until__gt=timezone.now())
    return list(rows.order_by("-pk").values_list("conversation_id", flat=True)[:MOST])


about = endpoint(get=_about)
every = endpoint(get=_list, post=_create)
one = endpoint(get=_one, patch=_change)
history = endpoint(get=_history)
read = endpoint(post=_read)
announce_typing = endpoint(post=_typing)
people = endpoint(get=_people, post=_add_people)
person = endpoint(delete=_remove_person)
leave = endpoint(post=_leave)
muted = endpoint(get=_muted)
