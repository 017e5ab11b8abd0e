"""Uploads: the content and the row of a document come to exist together, or neither does."""

import logging
import mimetypes
from collections.abc import Mapping
from typing import IO, Any
from uuid import uuid4

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from .. import access, services
from ..callers import Caller
from ..models import Document
from . import downloading
from .keys import document_key
from .store import StorageAway, store

logger = logging.getLogger(__name__)

UNKNOWN_TYPE = "application/octet-stream"
LONGEST_TYPE, LONGEST_NAME = 255, 512  # characters, as the columns have them


class TooLarge(Exception):
    """The file is larger than ``COMM_DOCUMENT_MAX_MB``."""

    def __init__(self) -> None:
        super().__init__(f"The file is larger than {settings.COMM_DOCUMENT_MAX_MB} MB.")


def upload(file: UploadedFile, values: Mapping[str, Any], caller: Caller) -> Document:
    """Store a file and make its row. ``values``: checked values of the other columns that a caller may set.

    Everything is checked first. Then the content is stored, and then the row is made, so that no row is ever without
    its content. Where that fails the content is removed again; should the process end just between the two, the command
    ``clean_documents`` removes it.

    Raises:
        TooLarge: see there.
        Forbidden: the caller may not make such a row.
        StorageAway: the storage does not answer; there is no row.
    """
    if (file.size or 0) > settings.COMM_DOCUMENT_MAX_MB * 2**20:
        raise TooLarge
    access.check_create(caller, Document, values)
    document_id = uuid4()
    name = (file.name or "")[:LONGEST_NAME]
    content_type = _content_type(file, name)
    key = document_key(document_id, name)
    if not downloading.availability():
        raise StorageAway("The storage does not answer.")
    try:
        store().put(key, _content(file), content_type)
    except StorageAway as away:
        downloading.note(away)
        logger.warning("An upload failed. Should its object have arrived, clean_documents removes it.")
        raise
    described = {"storage_path": key, "filename": name, "content_type": content_type, "size_bytes": file.size}
    try:
        document: Document = services.create(Document, {"id": document_id, **values, **described}, caller)
    except BaseException:
        _take_back(key)
        raise
    return document


def _content_type(file: UploadedFile, name: str) -> str:
    """What the client says that it is, else what the name says."""
    said = str(file.content_type or "")
    if said and said.isascii() and said.isprintable() and len(said) <= LONGEST_TYPE:
        return said
    return mimetypes.guess_type(name)[0] or UNKNOWN_TYPE


def _content(file: UploadedFile) -> IO[bytes]:
    content: IO[bytes] = file.file or file
    content.seek(0)
    return content


def _take_back(key: str) -> None:
    try:
        if downloading.availability():
            store().remove(key)
    except StorageAway:
        logger.warning("An object without a row stays behind, until clean_documents runs.")
