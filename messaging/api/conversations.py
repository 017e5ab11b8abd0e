"""Conversations: list, make, look at, change, put away, join and leave."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from .. import access, conversations, listing, sending
from ..errors import Invalid
from ..models import Conversation
from ..turns import charge
from . import inputs, people
from .answers import CONVERSATION, CONVERSATIONS, ERRORS
from .once import KEY, once
from .shapes import conversation_shape
from .view import ConversationsApi, query_of, values_of

SETTINGS = ("metadata", "shows_history", "is_open")


class Conversations(ConversationsApi):
    """The person's conversations."""

    @extend_schema(
        operation_id="conversations_list",
        parameters=[inputs.ListedConversations],
        responses={200: CONVERSATIONS, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """List the conversations, the newest activity first."""
        asked = query_of(request, inputs.ListedConversations)
        person, page, limit = request.user, asked["page"], asked["limit"]
        begin = (page - 1) * limit
        if asked["joinable"]:
            places = listing.joinable(person)
            views, total = listing.joinable_views(person, places[begin : begin + limit]), places.count()
        else:
            search = asked["search"].strip()
            rows = listing.rows_for(person, archived=asked["archived"], kind=asked["type"], search=search)
            views, total = listing.views_of(person, list(rows[begin : begin + limit])), rows.count()
        shown = [conversation_shape(view) for view in views]
        return Response({"conversations": shown, "page": page, "limit": limit, "total": total})

    @extend_schema(
        operation_id="conversations_create",
        parameters=[KEY],
        request=inputs.NewConversation,
        responses={201: CONVERSATION, 200: CONVERSATION, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        """Make a conversation; of a direct one that is there already, answer 200 with it."""
        given = values_of(request, inputs.NewConversation)
        person = request.user
        named = people.reachable(person, given["participants"], "participants")
        return once(request, given, lambda: _made(person, named, given))


def _made(person: Any, named: list[Any], given: dict[str, Any]) -> Response:
    charge(person)
    if given["type"] == Conversation.Kind.DIRECT:
        place, made = _direct(person, named, given)
    else:
        place, made = _larger(person, named, given), True
    return Response(_shown(person, place.pk), status=201 if made else 200)


def _direct(person: Any, named: list[Any], given: dict[str, Any]) -> tuple[Conversation, bool]:
    others = [one for one in named if one.pk != person.pk]
    if len(others) != 1:
        raise Invalid("A direct conversation has two people.", field="participants")
    found = conversations.open_direct(person, others[0])
    if given["message"] is not None:
        message, _ = sending.send(
            sender=person, receiver=others[0], text=given["message"], client_id=given["client_id"]
        )
        return message.conversation, found is None
    made = found or conversations.create(creator=person, kind=Conversation.Kind.DIRECT, participants=others)
    return made, found is None


@transaction.atomic
def _larger(person: Any, named: list[Any], given: dict[str, Any]) -> Conversation:
    """Make it together with its first message: should that be refused, there is none."""
    settings = {name: given[name] for name in SETTINGS if name in given}
    made = conversations.create(
        creator=person, kind=given["type"], participants=named, subject=given["subject"] or "", settings=settings
    )
    if given["message"] is not None:
        sending.send(sender=person, conversation=made, text=given["message"], client_id=given["client_id"])
    return made


class OneConversation(ConversationsApi):
    """One conversation."""

    @extend_schema(operation_id="conversations_get", responses={200: CONVERSATION, **ERRORS})
    def get(self, request: Request, conversation_id: int) -> Response:
        """Show a conversation."""
        return Response(_shown(request.user, conversation_id))

    @extend_schema(
        operation_id="conversations_change",
        request=inputs.ChangedConversation,
        responses={200: CONVERSATION, **ERRORS},
    )
    @transaction.atomic
    def patch(self, request: Request, conversation_id: int) -> Response:
        """Change a conversation (its administrators), or put it away and mute it for oneself."""
        person = request.user
        place = conversations.get_for(person, conversation_id)
        given = values_of(request, inputs.ChangedConversation)
        settings = {name: given[name] for name in SETTINGS if name in given}
        if settings or "subject" in given:
            conversations.update(person, place, subject=given.get("subject"), settings=settings)
        if "assignee_id" in given:
            assignee = None if given["assignee_id"] is None else people.one(given["assignee_id"])
            conversations.assign(person, place, assignee)
        if "archived" in given:
            (conversations.archive if given["archived"] else conversations.unarchive)(person, place)
        if "muted_until" in given:
            conversations.mute(person, place, given["muted_until"])
        return Response(_shown(person, place.pk))

    @extend_schema(operation_id="conversations_archive", responses={204: None, **ERRORS})
    def delete(self, request: Request, conversation_id: int) -> Response:
        """Put a conversation away, for oneself alone."""
        conversations.archive(request.user, conversations.get_for(request.user, conversation_id))
        return Response(status=204)


class Join(ConversationsApi):
    """Taking part in an open group, or taking a conversation of the queue of support."""

    @extend_schema(operation_id="conversations_join", request=None, responses={200: CONVERSATION, **ERRORS})
    def post(self, request: Request, conversation_id: int) -> Response:
        """Take part from now on."""
        place = conversations.join(request.user, conversation_id)
        return Response(_shown(request.user, place.pk))


class Leave(ConversationsApi):
    """Leaving a conversation."""

    @extend_schema(operation_id="conversations_leave", request=None, responses={204: None, **ERRORS})
    def post(self, request: Request, conversation_id: int) -> Response:
        """Take part no longer."""
        conversations.leave(request.user, conversations.get_for(request.user, conversation_id))
        return Response(status=204)


def _shown(person: Any, conversation_id: Any) -> dict[str, Any]:
    return conversation_shape(conversations.view(person, access.find(person, conversation_id)))
