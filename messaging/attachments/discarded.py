"""Files of attachments that are deleted, also by a cascade: of a message, of its conversation.

The transaction that deletes an attachment notes its files (``DiscardedFile``), so that none is forgotten and none of an
attachment that stays is deleted. They are deleted from our storage after the commit. What fails then, and what the
content service keeps, is done by ``manage.py settle_attachments``, with growing pauses and up to ``MOST_TRIES`` times.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.signals import post_delete
from django.utils import timezone

from .content_service import Away, ContentService, content_service
from .models import Attachment, DiscardedFile, attachment_storage

logger = logging.getLogger(__name__)

MOST_TRIES = 20  # over about eleven days
FIRST_PAUSE = timedelta(minutes=1)  # doubled with each try
LONGEST_PAUSE = timedelta(days=1)


def connect() -> None:
    """Note the files of attachments that are deleted from now on."""
    post_delete.connect(_note, sender=Attachment, dispatch_uid="communication_discarded_files")


def _note(instance: Attachment, **_: Any) -> None:
    paths = [stored.name for stored in (instance.file, instance.thumbnail) if stored]
    rows = [DiscardedFile(path=path) for path in paths]
    if instance.content_id:
        rows.append(DiscardedFile(content_id=instance.content_id))
    DiscardedFile.objects.bulk_create(rows)
    if paths:
        own = [row.pk for row in rows if row.path]
        transaction.on_commit(partial(_clear_own, own), robust=True)


def _clear_own(ids: list[int]) -> None:
    _clear(DiscardedFile.objects.filter(pk__in=ids), None)


def clear_stored(most: int) -> int:
    """Delete up to ``most`` files from our storage that could not be deleted before. Return how many were."""
    return _clear(_due().exclude(path="")[:most], None)


def clear(most: int) -> int:
    """The same, and ask the content service to delete what it keeps."""
    return _clear(_due()[:most], content_service())


def given_up() -> int:
    """How many files were not deleted in ``MOST_TRIES`` tries, and are left to be deleted by hand."""
    return DiscardedFile.objects.filter(tries__gte=MOST_TRIES).count()


def _due() -> Any:
    return DiscardedFile.objects.filter(due_at__lte=timezone.now(), tries__lt=MOST_TRIES).order_by("due_at")


def _clear(rows: Iterable[DiscardedFile], service: ContentService | None) -> int:
    cleared = 0
    for row in list(rows):
        if row.content_id and service is None:
            continue  # there is none, or it did not answer a moment ago
        now = timezone.now()
        pause = min(FIRST_PAUSE * 2**row.tries, LONGEST_PAUSE)
        mine = DiscardedFile.objects.filter(pk=row.pk, tries=row.tries)
        if not mine.update(tries=F("tries") + 1, due_at=now + pause):
            continue  # another process has it
        try:
            _delete(row, service)
        except Away as fault:
            service = None
            _failed(row, fault)
        except Exception as fault:  # noqa: BLE001 (storages raise errors of their own libraries; it is tried again)
            _failed(row, fault)
        else:
            DiscardedFile.objects.filter(pk=row.pk).delete()
            cleared += 1
    return cleared


def _delete(row: DiscardedFile, service: ContentService | None) -> None:
    if row.path:
        attachment_storage().delete(row.path)
    elif service is not None:
        service.delete(row.content_id)


def _failed(row: DiscardedFile, fault: Exception) -> None:
    if row.tries + 1 >= MOST_TRIES:
        logger.error("A discarded file is given up: %s: %s", row.pk, fault)
    else:
        logger.warning("A discarded file was not deleted: %s, try %s: %s", row.pk, row.tries + 1, fault)
