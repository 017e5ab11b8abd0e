"""Addresses of documents, and their contents when a row is deleted."""

import logging
from functools import partial
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from ..models import Document
from .availability import Availability
from .keys import row_of
from .store import Download, StorageAway, store

logger = logging.getLogger(__name__)

DEFAULT_TYPE = "application/octet-stream"

availability = Availability(lambda: store().answers())


def download_url(document: Document, request: HttpRequest) -> str | None:
    """An address from which the content can be fetched; ``None`` where there is none, and while the storage is down."""
    if not has_content(document) or not availability():
        return None
    try:
        return address_of(document, request) if store().has(document.storage_path, quickly=True) else None
    except StorageAway as away:
        note(away)
        return None


def note(away: StorageAway) -> None:
    """Remember that the storage is down, unless it has merely refused something: callers choose some of the keys."""
    if not away.refused:
        availability.failed()


def address_of(document: Document, request: HttpRequest) -> str:
    """The address of a content that was just stored. Asks nobody."""
    return store().address(described(document), request)


def described(document: Document) -> Download:
    """How the content of a document is given back: under its own name, as its type."""
    name = document.filename or document.storage_path.rpartition("/")[2]
    content_type = document.content_type or ""
    usable = content_type and content_type.isascii() and content_type.isprintable()
    return Download(document.storage_path, content_type if usable else DEFAULT_TYPE, _printable(name))


def has_content(document: Document) -> bool:
    """Whether the object at the document's ``storage_path`` is its own.

    The id in the key says so. Objects that the service before this one stored have another UUID there: such an object
    is the document's if that UUID is no row's id, and no other row names the object.
    """
    owner = row_of(document.storage_path)
    if owner is None or owner == document.pk:
        return owner is not None
    return not Document.objects.filter(pk=owner).exists() and not _named_elsewhere(document)


def _named_elsewhere(document: Document) -> bool:
    return Document.objects.filter(storage_path=document.storage_path).exclude(pk=document.pk).exists()


def _printable(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable()) or "document"


def row_deleted(instance: Document, **_: Any) -> None:
    """Remove the content that was stored for a deleted row, after the commit. A receiver of post_delete."""
    if row_of(instance.storage_path) == instance.pk:
        transaction.on_commit(partial(_remove, instance.storage_path), robust=True)


def _remove(key: str) -> None:
    try:
        if availability():
            store().remove(key)
            return
    except StorageAway as away:
        note(away)
        if away.refused:  # there is no such object, or none that we may remove
            return
    logger.warning("The storage is down, so the object of a deleted row stays, until clean_documents runs.")
