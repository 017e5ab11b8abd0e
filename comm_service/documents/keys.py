"""Keys of stored objects: ``documents/{id of the row}/{safe name}``.

A client may write any text into ``storage_path``, also the key of somebody else's object. The id in the key is that of
the row that the object was stored for, which no client can choose, so the two together say whose an object is.
"""

import re
import unicodedata
from uuid import UUID

PREFIX = "documents/"
LONGEST_SAFE_NAME = 100  # characters, extension included
LONGEST_EXTENSION = 16
LONGEST_KEY = 1024  # bytes, as S3 has it
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")

_KEY = re.compile(r"documents/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/([^/\x00-\x1f\x7f]+)")


def document_key(document_id: UUID, filename: str) -> str:
    """The key under which the content of a document is stored."""
    return f"{PREFIX}{document_id}/{safe_name(filename)}"


def safe_name(filename: str) -> str:
    """An ASCII name for a key, like the file's: letters without their accents, ``_`` for what else is not allowed."""
    plain = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    stem, dot, extension = UNSAFE.sub("_", plain).rpartition(".")
    if not dot:
        stem, extension = extension, ""
    suffix = f".{extension[:LONGEST_EXTENSION]}" if extension.strip("_") else ""
    return (stem.strip("._")[: LONGEST_SAFE_NAME - len(suffix)].rstrip("._") or "document") + suffix


def row_of(key: str) -> UUID | None:
    """The id in a key; ``None`` for a text that is no key of ours.

    The service that this one replaces put a random UUID there, which is the id of no row.
    """
    found = _KEY.fullmatch(key)
    if found is None or found[2] in {".", ".."} or len(key.encode(errors="replace")) > LONGEST_KEY:
        return None
    return UUID(found[1])
