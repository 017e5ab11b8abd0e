"""The files of old messages: checked, cleaned and stored like new ones."""

from pathlib import Path, PurePosixPath

from django.core.files import File

from ..attachments.content_types import Kind
from ..attachments.models import Attachment
from ..attachments.names import LONGEST_NAME
from ..attachments.refusals import Refused
from ..attachments.room import Busy
from ..attachments.uploading import store
from ..models import Message
from .old_rows import OldMessage

FOLDER = "chat_attachments"  # of the old chat's files; what a path names elsewhere was never a file of the chat
LARGEST = 200 * 2**20  # bytes


class Files:
    """The old chat's files in a folder (its ``MEDIA_ROOT``). Without one, only their names are kept."""

    def __init__(self, media: Path | None) -> None:
        self._media = media.resolve() if media else None

    def bring(self, message: Message, old: OldMessage, *, dry_run: bool) -> str:
        """Give a message its attachment, unless it has it. Return why that cannot be; an empty text where it can.

        A message keeps the name of an attachment whose file cannot be brought. A later import tries again.
        """
        present = Attachment.objects.filter(message=message).first()
        if present is not None and present.state != Attachment.State.REFUSED:
            return ""
        path, reason = self._path(old.attachment)
        if path is not None:
            reason = "" if dry_run else self._stored(message, old, path)
        if present is not None and not reason:
            present.delete()
        if present is None and reason and not dry_run:
            Attachment.objects.create(
                owner_id=message.sender_id,
                message=message,
                name=PurePosixPath(old.attachment).name[-LONGEST_NAME:] or "attachment",
                media_type="application/octet-stream",
                kind=old.attachment_type if old.attachment_type in {one.value for one in Kind} else Kind.DOCUMENT.value,
                size=0,
                state=Attachment.State.REFUSED,
                reason=reason,
                created_at=old.sent_at,
            )
        return reason

    def _path(self, text: str) -> tuple[Path | None, str]:
        if self._media is None:
            return None, "its attachment is not imported without --media"
        folder = self._media / FOLDER
        path = (self._media / text).resolve()
        if not path.is_relative_to(folder):
            return None, "its attachment is no file of the chat"
        if not path.is_file():
            return None, "the file of its attachment is not there"
        if path.stat().st_size > LARGEST:
            return None, "the file of its attachment is too large"
        return path, ""

    @staticmethod
    def _stored(message: Message, old: OldMessage, path: Path) -> str:
        try:
            with path.open("rb") as opened:
                attachment = store(owner_id=message.sender_id, file=File(opened), name=path.name)
        except (Refused, OSError) as fault:
            return f"its attachment: {fault}"
        except Busy:
            return "its attachment: too many pictures are being uploaded"
        Attachment.objects.filter(pk=attachment.pk).update(message=message, created_at=old.sent_at)
        return ""
