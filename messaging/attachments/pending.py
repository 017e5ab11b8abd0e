"""Attachments that wait: for the malware scanner, for the content service, or for the message to be sent with."""

import logging
from datetime import timedelta
from typing import Any

from django.core.files import File
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from realtime.log.publish import publish

from .. import membership
from .addresses import attachment_json
from .content_service import Away, content_service
from .events import AttachmentChanged
from .models import REASON_LENGTH, Attachment
from .scanning import scanner
from .verdicts import Outcome

logger = logging.getLogger(__name__)

UNSENT_LIFETIME = timedelta(days=1)
ORPHAN_LIFETIME = timedelta(hours=1)
RETRY_AFTER = timedelta(seconds=30)


def hand_over(attachment: Attachment) -> None:
    """Give a new upload to the content service, if there is one. It is pending while the service is away."""
    _keep(attachment, **_handed_over(attachment))


def try_again(attachment: Attachment) -> None:
    """Ask scanner and content service again for a pending attachment, unless they were asked a moment ago.

    One process at a time asks. Those who may read the message are told of what came of it.
    """
    now = timezone.now()
    mine = Attachment.objects.filter(
        pk=attachment.pk, state=Attachment.State.PENDING, tried_at__lte=now - RETRY_AFTER
    ).update(tried_at=now)
    if not mine:
        return
    outcome: dict[str, Any] = {}
    if not attachment.scanned:
        with attachment.file.open("rb") as file:
            verdict = scanner().scan(file)
        if verdict.outcome is Outcome.INFECTED:
            outcome = {"state": Attachment.State.REFUSED, "reason": f"Malware: {verdict.detail}"}
        elif verdict.outcome is Outcome.UNKNOWN:
            outcome = {"reason": verdict.detail}
        else:
            attachment.scanned = True
    if attachment.scanned:
        outcome = _handed_over(attachment)
    _keep(attachment, scanned=attachment.scanned, **outcome)
    if attachment.state == Attachment.State.REFUSED:
        delete_files(attachment)


def _handed_over(attachment: Attachment) -> dict[str, Any]:
    """What the row holds after the content service was asked. Nothing changes where the scan is still to come."""
    service = content_service()
    if not attachment.scanned:
        return {}
    if service is None or attachment.content_id:
        return {"state": Attachment.State.READY, "reason": ""}
    try:
        with attachment.file.open("rb") as file:
            content_id = service.store(attachment.name, attachment.media_type, file)
    except Away as fault:
        return {"state": Attachment.State.PENDING, "reason": str(fault)}
    return {"state": Attachment.State.READY, "reason": "", "content_id": content_id}


def _keep(attachment: Attachment, **fields: Any) -> None:
    """Write the outcome into the row, and tell those who may read its message of a new state, in one transaction."""
    before = attachment.state
    moved = bool(fields.get("content_id"))
    if "reason" in fields:
        fields["reason"] = fields["reason"][:REASON_LENGTH]
    for name, value in fields.items():
        setattr(attachment, name, value)
    if not fields:
        return
    stored = attachment.file.name
    if moved:
        attachment.file.name = ""
        fields["file"] = ""
    with transaction.atomic():
        Attachment.objects.filter(pk=attachment.pk).update(**fields)
        if attachment.state != before:
            _tell(attachment.pk)
    if moved:
        attachment.file.storage.delete(stored)


def _tell(attachment_id: int) -> None:
    row = Attachment.objects.select_related("message__conversation").get(pk=attachment_id)
    message = row.message
    if message is None or message.deleted_at is not None:
        return
    event = AttachmentChanged(
        conversation_id=message.conversation_id, message_id=message.pk, attachment=attachment_json(row)
    )
    publish((event, membership.audience(message.conversation, message)))


def settle(most: int) -> int:
    """Ask again for up to ``most`` pending attachments, those first that wait longest. Return how many are settled."""
    settled = 0
    rows = Attachment.objects.filter(
        state=Attachment.State.PENDING, tried_at__lte=timezone.now() - RETRY_AFTER
    ).order_by("tried_at")
    for attachment in list(rows[:most]):
        try_again(attachment)
        settled += attachment.state != Attachment.State.PENDING
    return settled


def sweep(most: int) -> int:
    """Delete up to ``most`` uploads, with their files, that were not sent within a day. Return how many.

    Those of people who are deleted by now go after an hour.
    """
    now = timezone.now()
    orphaned = Q(owner=None, created_at__lt=now - ORPHAN_LIFETIME)
    expired = Attachment.objects.filter(orphaned | Q(created_at__lt=now - UNSENT_LIFETIME), message=None)
    return sum(discard(attachment) for attachment in list(expired.order_by("created_at")[:most]))


def discard(attachment: Attachment) -> bool:
    """Delete an upload and its files, unless it was sent meanwhile. Return whether it was deleted."""
    # The files go after the row: whoever sends the attachment at this moment finds it whole, or not at all.
    deleted, _ = Attachment.objects.filter(pk=attachment.pk, message=None).delete()
    return bool(deleted)


def delete_files(attachment: Attachment) -> None:
    """Delete the stored file and the thumbnail. The row is left alone. A file that cannot be deleted stays behind."""
    for stored in (attachment.file, attachment.thumbnail):
        if stored:
            try:
                stored.storage.delete(stored.name)
            except OSError as fault:
                logger.warning("The file of an attachment stays behind: %s", fault)


def opened(attachment: Attachment) -> Any:
    """The file of a ready attachment, from our storage or from the content service.

    Raises:
        FileNotFoundError: the file is gone.
        Away: the content service cannot be asked.
    """
    service = content_service()
    if attachment.content_id and service is not None:
        return File(service.fetch(attachment.content_id, attachment.size), name=attachment.name)
    if not attachment.file:
        raise FileNotFoundError(attachment.name)
    return attachment.file.open("rb")
