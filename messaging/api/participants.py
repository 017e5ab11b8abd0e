"""Who takes part in a conversation, how far they have read, and who is typing."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from .. import access, conversations, receipts
from ..errors import Invalid, NotFound
from ..live import typing
from ..models import Participant
from ..serializing import moment, person_id, person_name
from ..turns import charge, charge_typing
from . import inputs, people
from .answers import ERRORS, PARTICIPANT, PARTICIPANTS, READ
from .shapes import read_shape
from .view import ConversationsApi, query_of, values_of


class Participants(ConversationsApi):
    """The participants of a larger conversation."""

    @extend_schema(operation_id="participants_list", parameters=[inputs.Page], responses={200: PARTICIPANTS, **ERRORS})
    def get(self, request: Request, conversation_id: int) -> Response:
        """List those who take part, in the order in which they came."""
        found = access.find(request.user, conversation_id)
        access.require_not_left(found)
        place = found.conversation
        asked = query_of(request, inputs.Page)
        rows = place.participants.filter(left_at=None).select_related("person").order_by("pk")
        begin = (asked["page"] - 1) * asked["limit"]
        shown = [_shown(row) for row in rows[begin : begin + asked["limit"]]]
        return Response({"participants": shown, "page": asked["page"], "limit": asked["limit"], "total": rows.count()})

    @extend_schema(
        operation_id="participants_add",
        request=inputs.NewParticipants,
        responses={201: PARTICIPANTS, 200: PARTICIPANTS, **ERRORS},
    )
    def post(self, request: Request, conversation_id: int) -> Response:
        """Let people take part. Where all of them do already, answer 200."""
        place = conversations.get_for(request.user, conversation_id)
        charge(request.user)
        given = values_of(request, inputs.NewParticipants)
        users = people.reachable(request.user, given["user_ids"], "user_ids")
        added = conversations.add_participants(request.user, place, users, given["role"])
        rows = place.participants.filter(person__in=users, left_at=None).select_related("person").order_by("pk")
        shown = [_shown(row) for row in rows]
        return Response({"participants": shown, "added": len(added)}, status=201 if added else 200)


class OneParticipant(ConversationsApi):
    """One participant of a larger conversation."""

    @extend_schema(
        operation_id="participants_change", request=inputs.ChangedParticipant, responses={200: PARTICIPANT, **ERRORS}
    )
    def patch(self, request: Request, conversation_id: int, user_id: str) -> Response:
        """Give a participant another role."""
        place = conversations.get_for(request.user, conversation_id)
        charge(request.user)
        given = values_of(request, inputs.ChangedParticipant)
        user = people.one(_user_id(user_id))
        conversations.set_role(request.user, place, user, given["role"])
        return Response(_shown(Participant.objects.select_related("person").get(conversation=place, person=user)))

    @extend_schema(operation_id="participants_remove", responses={204: None, **ERRORS})
    def delete(self, request: Request, conversation_id: int, user_id: str) -> Response:
        """Take a participant out, or leave."""
        place = conversations.get_for(request.user, conversation_id)
        charge(request.user)
        conversations.remove_participant(request.user, place, people.one(_user_id(user_id)))
        return Response(status=204)


class Read(ConversationsApi):
    """How far one has read."""

    @extend_schema(operation_id="conversations_read", request=inputs.ReadUpTo, responses={200: READ, **ERRORS})
    def post(self, request: Request, conversation_id: int) -> Response:
        """Say up to which message one has read. It only moves forward."""
        person = request.user
        found = access.find(person, conversation_id)
        given = values_of(request, inputs.ReadUpTo)
        if not found.readable().filter(pk=given["message_id"]).exists():
            raise Invalid("There is no such message in this conversation.", field="message_id")
        receipts.mark_read(person, conversation=found.conversation, up_to=given["message_id"])
        return Response(read_shape(person, access.find(person, conversation_id).participant))


class TypingNow(ConversationsApi):
    """Typing."""

    @extend_schema(operation_id="conversations_typing", request=inputs.Typing, responses={204: None, **ERRORS})
    def post(self, request: Request, conversation_id: int) -> Response:
        """Tell the others that one types, or has stopped."""
        place = conversations.get_for(request.user, conversation_id)
        given = values_of(request, inputs.Typing)
        charge_typing(request.user)
        typing.typing(request.user, place, given["is_typing"])
        return Response(status=204)


def _user_id(text: str) -> Any:
    try:
        return inputs.PersonIdField().run_validation(text)
    except ValidationError:
        raise NotFound("There is no such person.") from None


def _shown(row: Participant) -> dict[str, Any]:
    return {
        "user_id": person_id(row.person_id),
        "name": person_name(row.person),
        "role": row.role,
        "joined_at": moment(row.joined_at),
    }
