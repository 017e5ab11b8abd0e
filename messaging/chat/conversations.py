"""The chat's conversations: the list, the history with a person, what is unread and who is there."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from .. import access, contacts, conversations, membership, receipts, unread
from ..errors import Invalid, NotFound
from ..listing import ConversationView, list_for
from ..live.presence import online_among
from ..models import Conversation, Participant
from ..people import person_key
from ..serializing import person_id, person_name
from ..turns import charge_typing
from . import inputs, online, typing
from .shapes import conversation_id, instant, message_shapes, person_shape, preview
from .views import ChatView

PAGE = 50
LARGEST_PAGE = 200


class Conversations(ChatView):
    """Whom one has written with."""

    @extend_schema(
        parameters=[OpenApiParameter("limit", int), OpenApiParameter("cursor", str)],
        responses=OpenApiTypes.OBJECT,
        tags=["chat"],
    )
    def get(self, request: Request) -> Response:
        """Return the conversations, the newest message first; all, or ``?limit=`` after the one in ``?cursor=``."""
        given = request.query_params
        limit = inputs.number(given["limit"], "limit", least=1, most=LARGEST_PAGE) if "limit" in given else None
        before = inputs.number(given["cursor"], "cursor", least=1) if given.get("cursor") else None
        views = list_for(request.user, kind=Conversation.Kind.DIRECT, limit=limit, before=before)
        views = [view for view in views if view.conversation.last_seq]
        there = online_among({view.other.pk for view in views if view.other})  # partners all of them
        return Response([self._shape(view, request.user, there) for view in views if view.other])

    def _shape(self, view: ConversationView, person: Any, there: set[Any]) -> dict[str, Any]:
        return {
            "conversation_id": conversation_id(view.conversation.pk),
            "other_user": person_shape(view.other, view.other.pk in there, self.base),
            "last_message": preview(view.last_message),
            "last_message_at": instant(view.conversation.last_message_at),
            "last_message_by_me": view.last_message is not None and view.last_message.sender_id == person.pk,
            "unread_count": view.unread,
            "updated_at": instant(view.active_at),
        }


class History(ChatView):
    """What one has written with a person."""

    @extend_schema(
        parameters=[
            OpenApiParameter("limit", int, description="1 to 200, default 50"),
            OpenApiParameter("offset", int),
            OpenApiParameter("before_id", int, description="messages with smaller ids"),
        ],
        responses=OpenApiTypes.OBJECT,
        tags=["chat"],
    )
    def get(self, request: Request, user_id: str) -> Response:
        """Return a page of messages, the newest first, and whether there are older ones."""
        given = request.query_params
        limit = inputs.number(given.get("limit", PAGE), "limit", least=1, most=LARGEST_PAGE)
        offset = inputs.number(given.get("offset", 0), "offset", least=0, most=10**9)
        before = inputs.number(given["before_id"], "before_id", least=0) if given.get("before_id") else None
        other = self._person(user_id)
        place = conversations.open_direct(request.user, other)
        if place is None and not contacts.rule().may_write(request.user, other):
            raise NotFound(inputs.NO_USER)
        found = []
        if place is not None:
            messages = access.find(request.user, place.pk).readable().filter(deleted_at=None)
            if before is not None:
                messages = messages.filter(pk__lt=before)
            found = list(messages.select_related("sender").order_by("-pk")[offset : offset + limit + 1])
        # Of a partner one may know it without a further look.
        there = online_among([other.pk]) if place is not None else online.among(request.user, [other.pk])
        return Response(
            {
                "conversation_id": conversation_id(place.pk if place else None),
                "messages": message_shapes(found[:limit], request.user, self.base),
                "other_user": person_shape(other, other.pk in there, self.base),
                "has_more": len(found) > limit,
            }
        )

    @staticmethod
    def _person(user_id: str) -> Any:
        try:
            return inputs.person_of(user_id, inputs.NO_USER)
        except Invalid:
            raise NotFound(inputs.NO_USER) from None


class MarkRead(ChatView):
    """What one has read."""

    @extend_schema(request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT, tags=["chat"])
    def post(self, request: Request) -> Response:
        """Mark messages as read: those of ``message_ids``, or of ``conversation_id``, or of ``sender_id``."""
        read = mark_read(request.user, inputs.body_of(request.data))
        return Response({"success": True, "marked_count": read.count, "read_at": instant(read.read_at)})


def mark_read(person: Any, given: dict[str, Any]) -> receipts.ReadResult:
    """Mark as read what the first of the three fields names. Raises Invalid for none, or for what is no id."""
    if given.get("message_ids") is not None:
        return receipts.mark_read(person, message_ids=inputs.message_ids(given["message_ids"]))
    if given.get("conversation_id") is not None:
        number = inputs.number(given["conversation_id"], "conversation_id", least=0)
        return receipts.mark_read(person, conversation=Conversation(pk=number))
    if given.get("sender_id") is not None:
        sender_id = person_key(given["sender_id"])
        if sender_id is None:
            raise Invalid("sender_id is not the id of a user")
        key = membership.direct_key(person.pk, sender_id)
        place = Conversation.objects.filter(direct_key=key).first()
        return receipts.mark_read(person, conversation=place or Conversation(pk=0))
    raise Invalid("Provide message_ids, conversation_id, or sender_id")


class Typing(ChatView):
    """That one is typing."""

    @extend_schema(request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT, tags=["chat"])
    def post(self, request: Request) -> Response:
        """Tell ``receiver_id`` that one types, or has stopped. Nothing is stored."""
        given = inputs.body_of(request.data)
        is_typing = inputs.flag(given.get("is_typing", True), "is_typing")
        receiver = inputs.receiver_of(request.user, given)
        charge_typing(request.user)
        typing.tell(request.user, receiver, is_typing)
        return Response({"success": True})


class UnreadCount(ChatView):
    """How much is unread."""

    @extend_schema(responses=OpenApiTypes.OBJECT, tags=["chat"])
    def get(self, request: Request) -> Response:
        """Return the number of unread messages, and those of each conversation that has any."""
        counts = unread.per_conversation(request.user)
        others = _others(request.user, counts)
        rows = [
            {
                "conversation_id": conversation_id(number),
                "unread_count": counts[number],
                "other_user_id": person_id(other.pk),
                "other_user_name": person_name(other),
            }
            for number, other in others.items()
        ]
        return Response({"total_unread": sum(row["unread_count"] for row in rows), "conversations": rows})


def _others(person: Any, conversation_ids: Any) -> dict[int, Any]:
    """The other person of each of these conversations that is direct."""
    rows = Participant.objects.filter(
        conversation_id__in=list(conversation_ids), conversation__kind=Conversation.Kind.DIRECT
    ).exclude(person_id=person.pk)
    return {row.conversation_id: row.person for row in rows.select_related("person").order_by("conversation_id")}


class OnlineUsers(ChatView):
    """Who is there."""

    @extend_schema(responses=OpenApiTypes.OBJECT, tags=["chat"])
    def get(self, request: Request) -> Response:
        """Return the ids of the people who are online, as far as one may know of them."""
        return Response({"online_users": [person_id(one) for one in online.visible_to(request.user)]})
