"""Pictures without what their cameras and programs wrote beside them: places, dates, owners, comments.

PNG, GIF and WebP consist of labelled parts. Those that do not belong to the picture are left out, so that pixels,
colours and animation stay as they are. Other formats are encoded again (messaging/attachments/pictures.py).
"""

import struct
from collections.abc import Callable, Iterator

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = {
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT"),
    *(b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"cICP", b"mDCV", b"cLLI", b"bKGD", b"pHYs"),
}
WEBP_KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
WEBP_FLAGS = 0x08 | 0x04  # in VP8X: the file has EXIF, the file has XMP
GIF_LOOPS = {b"NETSCAPE2.0", b"ANIMEXTS1.0"}


class Broken(ValueError):
    """The content does not keep to its format."""


def without_metadata(content: bytes, pillow_format: str) -> bytes:
    """Return the picture without its metadata, and without what follows its end.

    Raises:
        Broken: the content does not keep to its format.
        KeyError: the format is not one of ``REWRITERS``.
    """
    try:
        return b"".join(REWRITERS[pillow_format](content))
    except (struct.error, IndexError) as fault:
        raise Broken(str(fault)) from fault


def _png(content: bytes) -> Iterator[bytes]:
    if not content.startswith(PNG_SIGNATURE):
        raise Broken("signature")
    yield PNG_SIGNATURE
    at = len(PNG_SIGNATURE)
    name = b""
    while name != b"IEND":
        length, name = struct.unpack_from(">L4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise Broken("length of a part")
        if name in PNG_KEPT:
            yield content[at:end]
        at = end


def _webp(content: bytes) -> Iterator[bytes]:
    signature, size, form = struct.unpack_from("<4sL4s", content)
    end = size + 8
    if (signature, form) != (b"RIFF", b"WEBP") or end > len(content):
        raise Broken("signature")
    kept, at = [], 12
    while at < end:
        name, length = struct.unpack_from("<4sL", content, at)
        body = content[at + 8 : at + 8 + length]
        if len(body) != length or (name == b"VP8X" and length != 10):
            raise Broken("length of a part")
        if name == b"VP8X":
            body = bytes([body[0] & ~WEBP_FLAGS]) + body[1:]
        if name in WEBP_KEPT:
            kept.append(struct.pack("<4sL", name, length) + body + b"\0" * (length % 2))
        at += 8 + length + length % 2
    yield struct.pack("<4sL4s", b"RIFF", 4 + sum(map(len, kept)), b"WEBP")
    yield from kept


def _gif(content: bytes) -> Iterator[bytes]:
    at = 13 + _colours(content[10])
    yield content[:at]
    while (kind := content[at]) != 0x3B:
        begin = at
        if kind == 0x2C:  # a frame
            at = _blocks_end(content, at + 11 + _colours(content[at + 9]))
            keep = True
        elif kind == 0x21:  # an extension: timing (F9), text (01), comment (FE), application (FF)
            at = _blocks_end(content, at + 2)
            label = content[begin + 1]
            keep = label in (0xF9, 0x01) or (label == 0xFF and content[begin + 3 : begin + 14] in GIF_LOOPS)
        else:
            raise Broken("unknown block")
        if keep:
            yield content[begin:at]
    yield b"\x3b"


def _colours(flags: int) -> int:
    """The length of a table of colours, in bytes."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks_end(content: bytes, at: int) -> int:
    while length := content[at]:
        at += length + 1
    return at + 1


REWRITERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {"PNG": _png, "WEBP": _webp, "GIF": _gif}
