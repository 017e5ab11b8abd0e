"""Removes what uploads and deletions have left behind: objects without a row, and rows without their object."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from ..models import Document
from .keys import PREFIX, row_of
from .store import Store, StoredObject

BATCH = 500


class Suspicious(Exception):
    """No row at all has its object, as with another bucket than that of the rows. Nothing was removed."""


@dataclass
class Cleaned:
    """What was found, or removed. ``objects`` and ``rows``: numbers looked at; the lists hold what is an orphan."""

    objects: int = 0
    rows: int = 0
    orphan_objects: list[str] = field(default_factory=list)
    orphan_rows: list[str] = field(default_factory=list)


def clean(store: Store, *, before: datetime, remove: bool, force: bool = False) -> Cleaned:
    """Find orphans from before a moment, and remove them where ``remove`` says so.

    What is younger may belong to an upload that is under way. Only rows that an upload has made are looked at: the
    others, whose ``storage_path`` a caller has chosen, need no object here. ``force`` lets all rows be removed.

    Raises:
        StorageAway: the storage does not answer. What was removed until then was an orphan.
        Suspicious: see there; not with ``force``.
    """
    found = Cleaned()
    _find_objects(store, before, found)
    _find_rows(store, before, found)
    if found.orphan_rows and len(found.orphan_rows) == found.rows and not force:
        raise Suspicious
    if remove:
        for key in found.orphan_objects:
            if not Document.objects.filter(storage_path=key).exists():
                store.remove(key)
        for row_id in found.orphan_rows:
            Document.objects.filter(pk=row_id, uploaded_at__lt=before).delete()
    return found


def _find_objects(store: Store, before: datetime, found: Cleaned) -> None:
    for batch in _batches(store.all(PREFIX)):
        found.objects += len(batch)
        old = [one.key for one in batch if one.stored_at < before and row_of(one.key) is not None]
        named = set(Document.objects.filter(storage_path__in=old).values_list("storage_path", flat=True))
        found.orphan_objects += [key for key in old if key not in named]


def _find_rows(store: Store, before: datetime, found: Cleaned) -> None:
    rows = Document.objects.filter(storage_path__startswith=PREFIX, uploaded_at__lt=before).order_by("pk")
    for row_id, key in _pages(rows.values_list("pk", "storage_path")):
        if row_of(key) != row_id:
            continue
        found.rows += 1
        if not store.has(key):
            found.orphan_rows.append(str(row_id))


def _pages(rows: Any) -> Iterator[tuple[UUID, str]]:
    """Rows by page, so that neither memory nor a cursor is held for all of them."""
    last = None
    while True:
        page = list((rows.filter(pk__gt=last) if last else rows)[:BATCH])
        yield from page
        if len(page) < BATCH:
            return
        last = page[-1][0]


def _batches(objects: Iterable[StoredObject]) -> Iterator[list[StoredObject]]:
    waiting = iter(objects)
    while batch := list(islice(waiting, BATCH)):
        yield batch
