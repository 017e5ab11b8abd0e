"""What a file is, by its content. Neither its name nor what the client says of it is asked."""

import codecs
import re
from typing import IO

import filetype

from . import office_files
from .content_types import BY_MEDIA_TYPE, ContentType
from .refusals import Refused

CHUNK = 2**16
SIGNATURE_BYTES = 8192  # what `filetype` looks at
UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
CONTROL = bytes(code for code in (*range(32), 127) if code not in b"\t\n\v\f\r")
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
ZIP, COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PROLOG = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->|<!doctype\s+svg\b[^>\[]*(?:\[.*?\]\s*)?>|\s)*", re.S | re.I)
MARKUP = re.compile(r"<(?:!doctype\s+html\b|(?P<tag>[a-z][a-z0-9:]*)[\s/>])", re.I)
HTML_TAGS = {
    *("html", "head", "body", "script", "style", "title", "meta", "link", "base", "iframe", "frameset"),
    *("object", "embed", "form", "input", "button", "table", "div", "span", "p", "a", "b", "i", "u", "br"),
    *("hr", "img", "video", "audio", "svg", "math", "h1", "h2", "h3", "h4", "h5", "h6", "font", "center"),
    *("ul", "ol", "li", "template"),
}
NO_CLEANING = {"image/heic", "image/heif", "image/avif", "image/jxl"}


def identify(file: IO[bytes]) -> ContentType:
    """Return the type of the content.

    The position of the file is left at its beginning.

    Raises:
        Refused: the file is empty (``empty_file``), or of a type that is not accepted (``unsupported_type``).
    """
    file.seek(0)
    head = file.read(SIGNATURE_BYTES)
    try:
        if not head:
            raise Refused("empty_file", "The file is empty.")
        media_type = _media_type(file, head)
    finally:
        file.seek(0)
    if media_type in NO_CLEANING:
        raise Refused("unsupported_type", "Pictures of this type are not accepted: send it as JPEG or PNG.")
    found = BY_MEDIA_TYPE.get(media_type or "")
    if found is None:
        raise Refused("unsupported_type", "Files of this type are not accepted.")
    return found


def _media_type(file: IO[bytes], head: bytes) -> str | None:
    start = head.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n\t ")
    if start.startswith(b"%PDF-"):
        return "application/pdf"
    if start.startswith(b"{\\rtf"):
        return "application/rtf"
    # Text comes before signatures: a text may begin with the two letters of a picture's.
    if (encoding := _text_encoding(file, head)) is not None:
        return _markup(head.decode(encoding, errors="ignore"))
    if head.startswith(ZIP):
        return office_files.archive_type(file)
    if head.startswith(COMPOUND):
        return office_files.compound_type(file)
    guessed = filetype.guess(head)
    return guessed.mime if guessed else None


def _text_encoding(file: IO[bytes], head: bytes) -> str | None:
    """The encoding to read the text with; None for what is not text.

    Text of an unknown 8-bit encoding is text, too. It is told from other content by its lack of control characters.
    """
    file.seek(0)
    encoding = UTF_16.get(head[:2])
    if encoding is None:
        while chunk := file.read(CHUNK):
            if chunk.translate(None, CONTROL) != chunk:
                return None
        return "utf-8"
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(CHUNK):
            if CONTROL_CHARACTERS.search(decoder.decode(chunk)):
                return None
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return encoding


def _markup(text: str) -> str:
    """``text/html`` and ``image/svg+xml`` for what a browser could take for them, else ``text/plain``."""
    text = text.removeprefix("\ufeff")
    begin = PROLOG.match(text)
    match = MARKUP.match(text, begin.end() if begin else 0)
    if match is None:
        return "text/plain"
    tag = (match["tag"] or "html").lower().rpartition(":")[2]
    if tag == "svg":
        return "image/svg+xml"
    return "text/html" if tag in HTML_TAGS else "text/plain"
