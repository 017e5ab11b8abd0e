"""The chat's messages: sending, the list of all that one sent or got, and one of them."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response

from .. import editing, membership, receipts, sending
from ..attachments import pending
from ..attachments.identifying import identify
from ..attachments.models import Attachment
from ..attachments.refusals import Refused
from ..attachments.uploading import upload
from ..errors import Forbidden, Invalid
from ..models import Conversation, Message
from ..people import person_key
from ..people_api.pagination import CountedPages
from ..turns import charge
from . import inputs, typing
from .shapes import message_shapes
from .views import ChatView

NOT_FOUND = "No ChatMessage matches the given query."
FILES_ONLY = "attachment must be a file"
ORDERINGS = {"timestamp": "id", "created_at": "id", "-timestamp": "-id", "-created_at": "-id"}
PAGES = {"text/html", "image/svg+xml"}
TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class Messages(ChatView):
    """All messages that one sent or got."""

    @extend_schema(
        operation_id="communication_chats_list",
        parameters=[
            OpenApiParameter("page", int),
            OpenApiParameter("page_size", int, description="1 to 100"),
            OpenApiParameter("sender", str),
            OpenApiParameter("receiver", str),
            OpenApiParameter("is_read", bool),
            OpenApiParameter("is_active", bool),
            OpenApiParameter("ordering", str, enum=sorted(ORDERINGS)),
        ],
        responses=OpenApiTypes.OBJECT,
        tags=["chat"],
    )
    def get(self, request: Request) -> Response:
        """Return a page of messages, the newest first."""
        found = filtered(own_messages(request.user), request.user, request.query_params)
        order = ORDERINGS.get(request.query_params.get("ordering", ""), "-id")
        pages = CountedPages()
        page = pages.paginate_queryset(found.select_related("sender").order_by(order), request, view=self) or []
        return pages.get_paginated_response(message_shapes(page, request.user, self.base))

    @extend_schema(request=OpenApiTypes.OBJECT, responses={201: OpenApiTypes.OBJECT}, tags=["chat"])
    def post(self, request: Request) -> Response:
        """Send a message: ``receiver_id``, and ``message``, or ``attachment`` (a file), or both."""
        files = request.FILES.getlist("attachment") if hasattr(request.FILES, "getlist") else []
        given = inputs.body_of(request.data)
        if not files and given.get("attachment") not in (None, ""):
            raise Invalid(FILES_ONLY)
        message = send(request.user, given, files)
        [shape] = message_shapes([message], request.user, self.base)
        return Response(shape, status=status.HTTP_201_CREATED)


def send(sender: Any, given: dict[str, Any], files: list[UploadedFile] | None = None) -> Message:
    """Send what a body says, with these files. Raises MessagingError."""
    receiver = inputs.receiver_of(sender, given)
    text = inputs.text_of(given.get("message", ""))
    if not text and not files:
        raise Invalid("message or attachment is required", code="empty")
    client_id = given.get("client_id") or None
    charge(sender)
    if files:
        message = _send_with_files(sender, receiver, text, files, client_id)
    else:
        message, _ = sending.send(sender=sender, receiver=receiver, text=text, client_id=client_id)
    typing.has_written(sender, receiver)
    return message


def _send_with_files(sender: Any, receiver: Any, text: str, files: list[UploadedFile], client_id: Any) -> Message:
    """Store the files and send them. Of a message that was sent already, or that is refused, nothing is stored."""
    sent = sending.sent_before(sender=sender, receiver=receiver, attachments=files, client_id=client_id)
    if sent is not None:
        return sent
    for file in files:
        _require_accepted(file)
    uploads: list[Attachment] = []
    made = False
    try:
        for file in files:
            uploads.append(upload(owner=sender, file=file, name=file.name or ""))
        message, made = sending.send(
            sender=sender, receiver=receiver, text=text, attachments=[one.pk for one in uploads], client_id=client_id
        )
        return message
    finally:
        if not made:
            for one in uploads:
                pending.discard(one)


def _require_accepted(file: UploadedFile) -> None:
    """Raise Invalid for pages, which other clients may attach: the chat's contract does not list them."""
    try:
        found = identify(file.file or file)
    except Refused as refusal:
        raise Invalid(str(refusal), code=refusal.code) from refusal
    if found.media_type in PAGES:
        raise Invalid("Files of this type are not accepted.")


def own_messages(person: Any) -> QuerySet[Message]:
    """The messages of direct conversations that a person sent or got, without deleted ones."""
    return Message.objects.filter(
        conversation__kind=Conversation.Kind.DIRECT,
        conversation__participants__person_id=person.pk,
        conversation__participants__left_at=None,
        deleted_at=None,
    )


def filtered(messages: QuerySet[Message], person: Any, given: Any) -> QuerySet[Message]:
    """The messages that the query asks for. Raises ValidationError for an id that is none."""
    notes = Q(conversation__direct_key=membership.direct_key(person.pk, person.pk))
    if given.get("sender"):
        messages = messages.filter(sender_id=_id(given["sender"], "sender"))
    if given.get("receiver"):
        receiver = _id(given["receiver"], "receiver")
        got = Q(receipts__person_id=receiver)
        messages = messages.filter(got | notes if receiver == person.pk else got)
    is_read = TRUTHS.get(given.get("is_read", "").lower())
    if is_read is not None:
        read = Q(receipts__read_at__isnull=False) | notes
        messages = messages.filter(read if is_read else Q(receipts__read_at=None) & ~notes)
    if TRUTHS.get(given.get("is_active", "").lower()) is False:
        return messages.none()
    return messages


def _id(value: str, name: str) -> Any:
    user_id = person_key(value)
    if user_id is None:
        raise exceptions.ValidationError({name: [f"“{value[:100]}” is not a valid UUID."]})
    return user_id


class OneMessage(ChatView):
    """One message that one sent or got."""

    @extend_schema(responses=OpenApiTypes.OBJECT, tags=["chat"])
    def get(self, request: Request, message_id: int) -> Response:
        """Return it."""
        return self._answer(self._find(message_id))

    @extend_schema(request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT, tags=["chat"])
    def put(self, request: Request, message_id: int) -> Response:
        """As PATCH; ``receiver`` must be given, and changes nothing."""
        message = self._find(message_id)
        charge(request.user)
        if not inputs.body_of(request.data).get("receiver"):
            raise exceptions.ValidationError({"receiver": ["This field is required."]})
        return self._change(message)

    @extend_schema(request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT, tags=["chat"])
    def patch(self, request: Request, message_id: int) -> Response:
        """Change what one may: the sender its ``message``, the receiver ``is_read`` to true."""
        message = self._find(message_id)
        charge(request.user)
        return self._change(message)

    @extend_schema(responses={204: None}, tags=["chat"])
    def delete(self, request: Request, message_id: int) -> Response:
        """Delete it. Only its sender may; it is gone for both."""
        message = self._find(message_id)
        charge(request.user)
        if message.sender_id != request.user.pk:
            raise Forbidden("Only the sender may delete a message")
        editing.delete(actor=request.user, message_id=message.pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _find(self, message_id: int) -> Message:
        found = own_messages(self.request.user).filter(pk=min(message_id, 2**63 - 1)).select_related("sender").first()
        if found is None:
            raise exceptions.NotFound(NOT_FOUND)
        return found

    @transaction.atomic
    def _change(self, message: Message) -> Response:
        given = inputs.body_of(self.request.data)
        person = self.request.user
        is_sender = message.sender_id == person.pk
        text = inputs.text_of(given["message"]) if "message" in given else message.text
        reads = inputs.flag(given["is_read"], "is_read") if "is_read" in given else None
        receipt = message.receipts.first()
        is_read = receipt is None or receipt.read_at is not None
        if text != message.text and not is_sender:
            raise Forbidden("Only the sender may change the text of a message")
        if is_sender and receipt is not None and reads is not None and reads != is_read:
            raise Forbidden("Only the receiver marks a message as read")
        if text != message.text:
            editing.edit(actor=person, message_id=message.pk, text=text)
        if reads and not is_sender:
            receipts.mark_read(person, message_ids=[message.pk])
        return self._answer(self._find(message.pk))

    def _answer(self, message: Message) -> Response:
        [shape] = message_shapes([message], self.request.user, self.base)
        return Response(shape)
