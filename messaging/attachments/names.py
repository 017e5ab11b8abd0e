"""The name of an attachment, as people see it and save it."""

import re
import unicodedata
from pathlib import PurePosixPath

from .content_types import ContentType

LONGEST_NAME = 120  # characters, extension included
UNSAFE = re.compile(r'[:*?"<>|]')  # not allowed in file names on some system
RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.I)  # devices of Windows


def clean_name(name: str, content_type: ContentType) -> str:
    """Return a name that is safe to show and to save, with an extension that fits the content.

    Folders are left out, and so are invisible characters, which can reverse how a name is shown. Where the extension
    is not one of the type's, the type's own is added: ``run.js`` of a text becomes ``run.js.txt``.
    """
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    name = "".join(letter if letter.isprintable() else " " if letter.isspace() else "" for letter in name)
    name = UNSAFE.sub("_", " ".join(name.split())).strip(". ")
    if RESERVED.match(name):
        name = f"_{name}"
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in content_type.extensions:
        stem, extension = name[: -len(suffix)], name[-len(suffix) :]
    else:
        stem, extension = name, content_type.extensions[0]
    stem = stem[: LONGEST_NAME - len(extension)].strip(". ") or "attachment"
    return stem + extension
