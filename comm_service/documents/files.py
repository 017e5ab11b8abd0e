"""Documents in the file system, where no other storage is configured, behind signed addresses of our own."""

import contextlib
import errno
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.core.signing import BadSignature, TimestampSigner
from django.urls import reverse
from django.utils.http import urlencode

from .keys import row_of
from .store import LINK_SECONDS, Download, StorageAway, StoredObject

logger = logging.getLogger(__name__)

SALT = "comm_service.documents"


def signature(document_key: str) -> str:
    """A signature for one stored object, good for ``LINK_SECONDS``."""
    return _signer(document_key).sign("read").partition(":")[2]


def is_signed(document_key: str, given: str) -> bool:
    """Whether a signature is one for this object and has not expired."""
    try:
        _signer(document_key).unsign(f"read:{given}", max_age=LINK_SECONDS)
    except BadSignature:
        return False
    return True


def _signer(document_key: str) -> TimestampSigner:
    return TimestampSigner(salt=f"{SALT}:{document_key}")  # a signature for one object is none for another


class FileDocuments(FileSystemStorage):
    """The store of documents under a folder."""

    def put(self, key: str, content: IO[bytes], content_type: str) -> None:
        try:
            if self.save(key, File(content)) != key:
                raise StorageAway("There is an object of this key already.")
        except (OSError, SuspiciousFileOperation) as fault:
            raise _away(fault) from fault

    def remove(self, key: str) -> None:
        if row_of(key) is None:
            return
        try:
            self.delete(key)
        except OSError as fault:
            if not _is_missing(fault):
                raise _away(fault) from fault
            return
        with contextlib.suppress(OSError):  # it holds another file, where a client wrote this key
            Path(self.path(key)).parent.rmdir()

    def has(self, key: str, quickly: bool = False) -> bool:
        try:
            return row_of(key) is not None and Path(self.path(key)).is_file()
        except OSError as fault:
            if not _is_missing(fault):
                raise _away(fault) from fault
            return False

    def opened(self, key: str) -> IO[bytes] | None:
        """The object of this key, for reading; ``None`` where there is none. Raise StorageAway."""
        if not self.has(key):
            return None
        try:
            return Path(self.path(key)).open("rb")
        except OSError as fault:
            if not _is_missing(fault):
                raise _away(fault) from fault
            return None

    def all(self, prefix: str) -> Iterator[StoredObject]:
        folder = Path(self.path(prefix))
        if not folder.is_dir():
            return
        try:
            for one in os.scandir(folder):
                for file in os.scandir(one) if one.is_dir() else ():
                    changed = datetime.fromtimestamp(file.stat().st_mtime, UTC)
                    yield StoredObject(f"{prefix}{one.name}/{file.name}", changed)
        except OSError as fault:
            raise _away(fault) from fault

    def answers(self) -> bool:
        return True

    def address(self, download: Download, request: Any) -> str:
        given = urlencode({"signature": signature(download.key)})
        path = reverse("comm_document_content", args=[row_of(download.key)])
        address: str = request.build_absolute_uri(f"{path}?{given}")
        return address


def _is_missing(fault: OSError) -> bool:
    """Whether there is no such file. Names that clients chose may be longer than any file's."""
    return isinstance(fault, FileNotFoundError) or fault.errno == errno.ENAMETOOLONG


def _away(fault: Exception) -> StorageAway:
    logger.warning("The storage of documents refuses: %s", type(fault).__name__)
    return StorageAway(f"The storage of documents refuses: {type(fault).__name__}")
