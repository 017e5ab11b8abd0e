"""What a file is by its contents: whether they are of the kind that its ending says.

Pillow reads pictures and ``zipfile`` what is packed. The rest begins with a few fixed bytes; libraries that guess a
kind from contents know those too, but neither what is in an archive nor what is text, which is where the lies are.
"""

import struct
import zipfile
from typing import IO

from PIL import Image

LARGEST_PICTURE = 50_000_000  # pixels; reading a JPEG of so many takes 150 MB for a moment, others take less
LARGEST_UNPACKED = 2**30  # bytes that an archive may say it holds
LARGEST_DIRECTORY = 2 * 2**20  # bytes of an archive's list of contents, some ten thousand names

PICTURES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
BEGINNINGS = {
    ".pdf": (b"%PDF-",),
    ".doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    ".xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    ".dwg": (b"AC10", b"AC1.", b"AC2."),
}
PACKED = {".zip": "", ".docx": "word/", ".xlsx": "xl/"}  # the folder that must be in it
TEXT = {".csv", ".txt"}
NO_TEXT = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1a\x1b")
BYTE_ORDER = (b"\xff\xfe", b"\xfe\xff")  # what UTF-16 begins with
CHECKED = {*PICTURES, *BEGINNINGS, *PACKED, *TEXT}


def fits(file: IO[bytes], ending: str) -> bool:
    """Whether the file's contents are of the kind of this ending (one of ``CHECKED``), and whole as far as can be seen.

    The file is left at its beginning. Nothing is unpacked, and no picture of absurd size is read.
    """
    file.seek(0)
    try:
        if ending in PICTURES:
            return _is_picture(file, PICTURES[ending])
        if ending in PACKED:
            return _is_packed(file, PACKED[ending])
        if ending in TEXT:
            return _is_text(file)
        return _begins_with(file, BEGINNINGS[ending])
    finally:
        file.seek(0)


def _is_picture(file: IO[bytes], kind: str) -> bool:
    try:
        image = Image.open(file, formats=[kind])
        if image.width * image.height > LARGEST_PICTURE:
            return False
        if kind == "JPEG":  # it has no sums to check; an eighth of its size is enough to see that it is whole
            image.draft("RGB", (image.width // 8, image.height // 8))
            image.load()
        else:
            image.verify()
    except Exception:  # noqa: BLE001 (Pillow raises all sorts of errors for what is no picture)
        return False
    return True


def _begins_with(file: IO[bytes], beginnings: tuple[bytes, ...]) -> bool:
    # Some programs write an empty line or a byte order mark first.
    return file.read(64).lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(beginnings)


def _is_text(file: IO[bytes]) -> bool:
    first = file.read(2)
    if first in BYTE_ORDER:
        return True  # UTF-16, half of whose bytes are zero
    piece = first
    while piece:
        if piece.translate(None, NO_TEXT) != piece:
            return False
        piece = file.read(2**16)
    return True


def _is_packed(file: IO[bytes], folder: str) -> bool:
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
    """Looked at before ``zipfile`` does, which keeps half a kilobyte for each name in the directory."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 2**16 - 22))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22 or tail[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        return False  # none, or a second one, for what is larger than anything accepted here
    [directory] = struct.unpack("<L", tail[end + 12 : end + 16])
    return directory <= LARGEST_DIRECTORY
