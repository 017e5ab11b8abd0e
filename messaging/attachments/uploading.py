"""Uploads: what is checked before a file is stored, and the row that it gets."""

import logging
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile, File

from ..errors import Conflict, Invalid, MessagingError
from ..turns import charge
from . import discarded, pending
from .content_types import Kind
from .identifying import identify
from .models import REASON_LENGTH, Attachment
from .names import clean_name
from .pictures import Picture, prepare
from .refusals import Refused
from .room import Busy
from .scanning import scanner
from .verdicts import Outcome, Verdict

logger = logging.getLogger(__name__)

MOST_UNSENT = 50  # uploads of one person that are in no message
SWEPT_AT_ONCE = 20  # expired uploads, of whomever, that a new one takes along


class TooLarge(MessagingError):
    """The file is larger than the settings allow."""

    status = 413
    code = "too_large"


class TryLater(MessagingError):
    """The server cannot take the file right now."""

    status = 503
    code = "busy"


def upload(*, owner: Any, file: "File[bytes]", name: str) -> Attachment:
    """Check a file, store it with its thumbnail, and return its row. It is in no message yet.

    Raises:
        TooLarge: it has more than ``MESSAGE_ATTACHMENT_MAX_MB`` megabytes.
        Invalid: it is empty, of a type that is not accepted, broken, has too many pixels, or contains malware.
        Conflict: the owner has ``MOST_UNSENT`` uploads that are in no message.
        TooOften: the owner uploads and writes more often than is allowed.
        TryLater: too many pictures are being decoded, or the storage does not answer.
    """
    charge(owner)
    limit = settings.MESSAGE_ATTACHMENT_MAX_MB
    if (file.size or 0) > limit * 2**20:
        raise TooLarge(f"The file is larger than {limit} MB.", field="file")
    pending.sweep(SWEPT_AT_ONCE)
    discarded.clear_stored(SWEPT_AT_ONCE)
    if Attachment.objects.filter(owner=owner, message=None).count() >= MOST_UNSENT:
        raise Conflict("Too many files were uploaded and not sent.", code="too_many_unsent")
    try:
        return store(owner_id=owner.pk, file=file, name=name)
    except Refused as refusal:
        raise Invalid(str(refusal), code=refusal.code, field="file") from refusal
    except Busy:
        raise TryLater("Too many pictures are being uploaded. Try again in a moment.") from None


def store(*, owner_id: Any, file: "File[bytes]", name: str) -> Attachment:
    """``upload`` without the limits of size and number. Raises Refused and Busy."""
    source = file.file or file
    content_type = identify(source)
    verdict = scanner().scan(source)
    if verdict.outcome is Outcome.INFECTED:
        raise Refused("malware", f"The file contains malware: {verdict.detail}.")
    picture = None
    if content_type.kind is Kind.IMAGE:
        source.seek(0)
        picture = prepare(source.read(), content_type.pillow, owner_id)
    attachment = Attachment(
        owner_id=owner_id,
        name=clean_name(name, content_type),
        media_type=content_type.media_type,
        kind=content_type.kind.value,
        **_scan_fields(verdict),
    )
    _store(attachment, file, picture)
    pending.hand_over(attachment)
    return attachment


def _scan_fields(verdict: Verdict) -> dict[str, Any]:
    if verdict.outcome is Outcome.CLEAN:
        return {"state": Attachment.State.READY, "scanned": True}
    return {"state": Attachment.State.PENDING, "scanned": False, "reason": verdict.detail[:REASON_LENGTH]}


def _store(attachment: Attachment, file: "File[bytes]", picture: Picture | None) -> None:
    content = file if picture is None else File(BytesIO(picture.content))
    content.seek(0)
    try:
        if picture is not None:
            attachment.width, attachment.height = picture.width, picture.height
            attachment.thumbnail.save("thumbnail.webp", ContentFile(picture.thumbnail), save=False)
        attachment.size = len(picture.content) if picture is not None else file.size
        attachment.file.save(attachment.name, content, save=False)
        attachment.save()
    except OSError as fault:
        logger.warning("An attachment cannot be stored: %s", fault)
        pending.delete_files(attachment)
        raise TryLater("The storage does not answer. Try again in a moment.") from fault
    except BaseException:
        pending.delete_files(attachment)  # without a row, nothing would ever delete them
        raise
