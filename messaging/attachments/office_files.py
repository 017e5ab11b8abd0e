"""Archives, and the documents of office programs that are packed in one.

Nothing is unpacked. An archive is known by its list of contents, an old document by its list of streams.
"""

import struct
import zipfile
from typing import IO

from .refusals import Refused

LARGEST_UNPACKED = 2**30  # bytes, as an archive declares them
LARGEST_DIRECTORY = 2 * 2**20  # bytes of an archive's list of contents: zipfile needs half a kilobyte for each name
OFFICE_XML = "application/vnd.openxmlformats-officedocument."
FOLDERS = {
    "word/": OFFICE_XML + "wordprocessingml.document",
    "xl/": OFFICE_XML + "spreadsheetml.sheet",
    "ppt/": OFFICE_XML + "presentationml.presentation",
}
MIMETYPE = b"application/vnd.oasis.opendocument."
OPEN_DOCUMENTS = (b"text", b"spreadsheet", b"presentation")
STREAMS = {
    "WordDocument": "application/msword",
    "Workbook": "application/vnd.ms-excel",
    "Book": "application/vnd.ms-excel",
    "PowerPoint Document": "application/vnd.ms-powerpoint",
}
MOST_SECTORS = 64  # of an old document's list of streams; a text has one or two
ENTRY = 128  # bytes of a stream's entry in it


def archive_type(file: IO[bytes]) -> str | None:
    """Return the media type of a file that begins as a ZIP archive; None where it is no valid one.

    Raises:
        Refused: the archive says that it holds more than ``LARGEST_UNPACKED`` bytes (``archive_too_large``).
    """
    if not _has_small_directory(file):
        return None
    try:
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error):
        return None
    if sum(member.file_size for member in members) > LARGEST_UNPACKED:
        raise Refused("archive_too_large", "The archive holds more than a gigabyte.")
    names = {member.filename for member in members}
    if "[Content_Types].xml" in names:
        for folder, media_type in FOLDERS.items():
            if any(name.startswith(folder) for name in names):
                return media_type
    return _open_document(file) or "application/zip"


def _open_document(file: IO[bytes]) -> str | None:
    """The type that an OpenDocument file states: its first member is stored, and is named ``mimetype``."""
    file.seek(0)
    head = file.read(30 + 8 + 100)
    if head[30:38] != b"mimetype" or not head[38:].startswith(MIMETYPE):
        return None
    stated = head[38 + len(MIMETYPE) :]
    for name in OPEN_DOCUMENTS:
        if stated.startswith(name) and stated[len(name) : len(name) + 1] != b"-":
            return (MIMETYPE + name).decode()
    return None


def _has_small_directory(file: IO[bytes]) -> bool:
    size = file.seek(0, 2)
    file.seek(max(0, size - 2**16 - 22))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22 or tail[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        return False  # no directory, or one of ZIP64, which only archives above the limits need
    [directory] = struct.unpack("<L", tail[end + 12 : end + 16])
    return bool(directory <= LARGEST_DIRECTORY)


def compound_type(file: IO[bytes]) -> str | None:
    """Return the media type of a file that begins as a compound file (Word, Excel, PowerPoint until 2003).

    Installers and mails have the same signature. Only the streams of a document make it one.
    """
    try:
        names = _stream_names(file)
    except (struct.error, UnicodeDecodeError):
        return None
    return next((STREAMS[name] for name in names if name in STREAMS), None)


def _stream_names(file: IO[bytes]) -> list[str]:
    file.seek(0)
    header = file.read(512)
    [shift] = struct.unpack_from("<H", header, 30)
    if shift not in (9, 12):
        return []
    size = 1 << shift
    [sector] = struct.unpack_from("<L", header, 48)
    table = struct.unpack_from("<109L", header, 76)  # the sectors of the allocation table
    names = []
    for _ in range(MOST_SECTORS):
        if sector >= 0xFFFFFFFA:  # the chain ends
            break
        content = _sector(file, sector, size)
        for at in range(0, len(content) - ENTRY + 1, ENTRY):
            [length] = struct.unpack_from("<H", content, at + 64)
            if 2 < length <= 64:
                names.append(content[at : at + length - 2].decode("utf-16-le"))
        which, place = divmod(sector, size // 4)
        if which >= len(table):
            break
        [sector] = struct.unpack_from("<L", _sector(file, table[which], size), place * 4)
    return names


def _sector(file: IO[bytes], number: int, size: int) -> bytes:
    file.seek((number + 1) * size)
    return file.read(size)
