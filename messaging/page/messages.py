"""The page's endpoints for messages: sending, reading one, editing, deleting, reactions, arrival, files, typing."""

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from .. import access, editing, reactions, receipts, sending
from ..attachments.addresses import attachment_json
from ..attachments.uploading import upload as store_upload
from ..errors import Invalid
from ..models import Message
from ..serializing import messages_json, written_json
from ..turns import charge
from .endpoint import Answer, body_of, chosen, endpoint
from .people import find_person


def _send(request: HttpRequest) -> Answer:
    """Send to a conversation, or to a person (``receiver``). The same ``client_id`` again sends nothing again.

    ``is_encrypted``: the text is what a device has encrypted (``messaging/device_keys.py``).
    """
    charge(request.user)
    body = body_of(request)
    receiver = body.get("receiver")
    message, _ = sending.send(
        sender=request.user,
        conversation=body.get("conversation"),
        receiver=find_person(request.user, receiver) if receiver is not None else None,
        text=body.get("text", ""),
        kind=Message.Kind.ENCRYPTED if chosen(body, "is_encrypted") else Message.Kind.TEXT,
        parent_id=body.get("parent"),
        attachments=body.get("attachments") or [],
        client_id=body.get("client_id"),
    )
    return written_json(message, request.user)


def _shown(request: HttpRequest, message: Message) -> Answer:
    [shown] = messages_json([message], request.user)
    return shown


def _one(request: HttpRequest, message_id: int) -> Answer:
    message, _ = access.message_of(request.user, message_id)
    return _shown(request, message)


def _edit(request: HttpRequest, message_id: int) -> Answer:
    charge(request.user)
    return _shown(request, editing.edit(actor=request.user, message_id=message_id, text=body_of(request).get("text")))


def _delete(request: HttpRequest, message_id: int) -> Answer:
    return _shown(request, editing.delete(actor=request.user, message_id=message_id))


def _react(request: HttpRequest, message_id: int, emoji: str) -> Answer:
    charge(request.user)
    reactions.react(request.user, message_id, emoji)
    return _one(request, message_id)


def _unreact(request: HttpRequest, message_id: int, emoji: str) -> Answer:
    charge(request.user)
    reactions.unreact(request.user, message_id, emoji)
    return _one(request, message_id)


def _delivered(request: HttpRequest) -> Answer:
    return {"delivered": receipts.mark_delivered(request.user, body_of(request).get("messages") or [])}


def _upload(request: HttpRequest) -> Answer:
    """Keep a file until it is sent with a message (``attachments`` of ``send``)."""
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise Invalid("The form has no file.", code="file_required", field="file")
    return attachment_json(store_upload(owner=request.user, file=file, name=file.name or ""))


send = endpoint(post=_send)
one = endpoint(get=_one, patch=_edit, delete=_delete)
reaction = endpoint(put=_react, delete=_unreact)
delivered = endpoint(post=_delivered)
upload = endpoint(post=_upload)
