"""Checks that the contents of a file match its extension.

Pillow checks pictures, and ``zipfile`` archives and packed documents. Other kinds have a fixed signature at the
beginning. Libraries that guess the kind from contents know these signatures, but check neither the members of an
archive nor whether a file is text, which are the cases that matter.
"""

import struct
import zipfile
from typing import IO

from PIL import Image

LARGEST_PICTURE = 50_000_000  # pixels; decoding a JPEG of this size takes 150 MB of memory, other formats take less
LARGEST_UNPACKED = 2**30  # bytes, as an archive declares them
LARGEST_DIRECTORY = 2 * 2**20  # bytes of an archive's central directory, enough for some ten thousand names

PICTURES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
SIGNATURES = {
    ".pdf": (b"%PDF-",),
    ".doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    ".xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    ".dwg": (b"AC10", b"AC1.", b"AC2."),
}
ARCHIVES = {".zip": "", ".docx": "word/", ".xlsx": "xl/"}  # each with the folder that it must contain
TEXT = {".csv", ".txt"}
NOT_TEXT = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1a\x1b")
BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")  # of UTF-16
CHECKED = {*PICTURES, *SIGNATURES, *ARCHIVES, *TEXT}


def matches_extension(file: IO[bytes], ending: str) -> bool:
    """Return whether the contents match the extension (one of ``CHECKED``) and appear complete.

    The file position is reset to the beginning. Nothing is unpacked, and no picture above the limit is decoded.
    """
    file.seek(0)
    try:
        if ending in PICTURES:
            return _is_picture(file, PICTURES[ending])
        if ending in ARCHIVES:
            return _is_archive(file, ARCHIVES[ending])
        if ending in TEXT:
            return _is_text(file)
        return _has_signature(file, SIGNATURES[ending])
    finally:
        file.seek(0)


def _is_picture(file: IO[bytes], kind: str) -> bool:
    try:
        image = Image.open(file, formats=[kind])
        if image.width * image.height > LARGEST_PICTURE:
            return False
        if kind == "JPEG":  # has no checksums; decoding it at an eighth of its size shows whether it is complete
            image.draft("RGB", (image.width // 8, image.height // 8))
            image.load()
        else:
            image.verify()
    except Exception:  # noqa: BLE001 (Pillow raises many kinds of errors for invalid files)
        return False
    return True


def _has_signature(file: IO[bytes], signatures: tuple[bytes, ...]) -> bool:
    # Some programs write an empty line or a byte order mark before the signature.
    return file.read(64).lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(signatures)


def _is_text(file: IO[bytes]) -> bool:
    first = file.read(2)
    if first in BYTE_ORDER_MARKS:
        return True  # UTF-16, in which half of the bytes may be zero
    chunk = first
    while chunk:
        if chunk.translate(None, NOT_TEXT) != chunk:
            return False
        chunk = file.read(2**16)
    return True


def _is_archive(file: IO[bytes], folder: str) -> bool:
    if file.read(4) != b"PK\x03\x04" or not _has_small_directory(file):
        return False
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return False
    if sum(member.file_size for member in members) > LARGEST_UNPACKED:
        return False
    names = [member.filename for member in members]
    return not folder or ("[Content_Types].xml" in names and any(name.startswith(folder) for name in names))


def _has_small_directory(file: IO[bytes]) -> bool:
    """Return whether the central directory is small. ``zipfile`` uses half a kilobyte of memory for each name in it."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 2**16 - 22))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22 or tail[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        return False  # no directory, or a ZIP64 directory, which only archives above the limits need
    [directory] = struct.unpack("<L", tail[end + 12 : end + 16])
    return directory <= LARGEST_DIRECTORY
