"""Messages: history, sending, changing, deleting, earlier texts, reactions."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from .. import access, conversations, editing, reactions, reading, sending
from ..errors import Invalid
from ..models import Message
from ..serializing import moment, person_id
from ..turns import charge
from . import inputs, people
from .answers import ERRORS, HISTORY, MESSAGE, MESSAGES, REACTIONS
from .once import KEY, once
from .shapes import message_shapes
from .view import ConversationsApi, query_of, values_of


class Messages(ConversationsApi):
    """The messages of one conversation."""

    @extend_schema(
        operation_id="messages_list", parameters=[inputs.ListedMessages], responses={200: MESSAGES, **ERRORS}
    )
    def get(self, request: Request, conversation_id: int) -> Response:
        """List messages, the newest first: the newest, those before or after a number, or the replies to one."""
        person = request.user
        place = conversations.get_for(person, conversation_id)
        asked = query_of(request, inputs.ListedMessages)
        page, more = reading.history(
            person,
            place,
            before_seq=asked["before"],
            after_seq=asked["after"],
            limit=asked["limit"],
            parent_id=asked["parent_id"],
        )
        return Response({"messages": message_shapes(page, place, person), "has_more": more})

    @extend_schema(
        operation_id="messages_send",
        parameters=[KEY],
        request=inputs.NewMessage,
        responses={201: MESSAGE, 200: MESSAGE, **ERRORS},
    )
    def post(self, request: Request, conversation_id: int) -> Response:
        """Send a message. One that was sent before with the same ``client_id`` is answered with 200."""
        place = conversations.get_for(request.user, conversation_id)
        given = values_of(request, inputs.NewMessage)

        def send() -> Response:
            return _sent(
                request,
                client_id=given["client_id"],
                conversation=place,
                text=given["content"],
                kind=given["message_type"],
                parent_id=given["parent_id"],
                attachments=given["attachments"],
                metadata=given["metadata"],
            )

        return once(request, given, send)


class Send(ConversationsApi):
    """Sending without a conversation at hand."""

    @extend_schema(
        operation_id="messages_send_to",
        parameters=[KEY],
        request=inputs.NewMessageAnywhere,
        responses={201: MESSAGE, 200: MESSAGE, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        """Send a message to a person, whose direct conversation is made by it, or to a conversation."""
        given = values_of(request, inputs.NewMessageAnywhere)
        if (given["conversation_id"] is None) == (given["to_user_id"] is None):
            raise Invalid("A message goes to a conversation or to a person.", field="to_user_id")
        where: dict[str, Any] = {"conversation": given["conversation_id"]}
        if given["to_user_id"] is not None:
            where = {"receiver": people.reachable(request.user, [given["to_user_id"]], "to_user_id")[0]}
        written = {"client_id": given["client_id"], "text": given["message"], "kind": given["message_type"]}
        return once(request, given, lambda: _sent(request, **written, **where))


def _sent(request: Request, **values: Any) -> Response:
    charge(request.user)
    message, made = sending.send(sender=request.user, **values)
    return Response(_shown(message, request.user), status=201 if made else 200)


class OneMessage(ConversationsApi):
    """One message."""

    @extend_schema(operation_id="messages_get", responses={200: MESSAGE, **ERRORS})
    def get(self, request: Request, message_id: int) -> Response:
        """Show a message."""
        message, _ = access.message_of(request.user, message_id)
        return Response(_shown(message, request.user))

    @extend_schema(operation_id="messages_change", request=inputs.ChangedMessage, responses={200: MESSAGE, **ERRORS})
    def put(self, request: Request, message_id: int) -> Response:
        """Give one's own message another text, within the time that the site allows."""
        access.message_of(request.user, message_id)
        charge(request.user)
        given = values_of(request, inputs.ChangedMessage)
        message = editing.edit(actor=request.user, message_id=message_id, text=given["content"], window=_window())
        return Response(_shown(message, request.user))

    @extend_schema(operation_id="messages_delete", responses={200: MESSAGE, **ERRORS})
    def delete(self, request: Request, message_id: int) -> Response:
        """Delete a message; the answer is what is left of it."""
        message = editing.delete(actor=request.user, message_id=message_id, window=_window())
        return Response(_shown(message, request.user))


def _window() -> timedelta:
    return timedelta(minutes=settings.MESSAGE_EDIT_MINUTES)


class EarlierTexts(ConversationsApi):
    """What a message said before."""

    @extend_schema(operation_id="messages_history", responses={200: HISTORY, **ERRORS})
    def get(self, request: Request, message_id: int) -> Response:
        """List the earlier texts of a message, the oldest first."""
        edits = editing.earlier_texts(request.user, message_id)
        listed = [
            {"content": one.text, "by": person_id(one.edited_by_id), "at": moment(one.edited_at)} for one in edits
        ]
        return Response({"history": listed})


class Reactions(ConversationsApi):
    """Reactions to a message."""

    @extend_schema(operation_id="reactions_add", request=inputs.Emoji, responses={200: REACTIONS, **ERRORS})
    def post(self, request: Request, message_id: int) -> Response:
        """Answer a message with an emoji."""
        access.message_of(request.user, message_id)
        charge(request.user)
        given = values_of(request, inputs.Emoji)
        return Response({"counts": reactions.react(request.user, message_id, given["emoji"])})

    @extend_schema(operation_id="reactions_remove", parameters=[inputs.Emoji], responses={200: REACTIONS, **ERRORS})
    def delete(self, request: Request, message_id: int) -> Response:
        """Take a reaction back."""
        access.message_of(request.user, message_id)
        given = query_of(request, inputs.Emoji)
        return Response({"counts": reactions.unreact(request.user, message_id, given["emoji"])})


def _shown(message: Message, person: Any) -> dict[str, Any]:
    [shown] = message_shapes([message], message.conversation, person)
    return shown
