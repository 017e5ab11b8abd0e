"""Small files of many types, made when they are asked for."""

import io
import struct
import zipfile

from PIL import Image

GPS, ORIENTATION, MAKE = 0x8825, 0x0112, 0x010F
SECRET = "Secret-Camera-4711"  # stands in the metadata of pictures; no clean picture may hold it


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 4), orientation: int = 1, **options: object) -> bytes:
    """A picture whose left half is red and right half blue, with metadata where its format has any."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    exif = Image.Exif()
    exif[MAKE], exif[ORIENTATION] = SECRET, orientation
    exif.get_ifd(GPS)[1] = "N"
    if kind != "BMP":
        options["exif"] = exif
    if kind in {"JPEG", "GIF"}:
        options["comment"] = SECRET.encode()
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def animation(kind: str) -> bytes:
    """Three frames that differ."""
    frames = [Image.new("RGB", (6, 6), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    options = {"comment": SECRET.encode()} if kind == "GIF" else {}
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=40, loop=0, **options)
    return out.getvalue()


def archive(**members: str | bytes) -> bytes:
    """A ZIP archive of these members; ``__`` in a name stands for ``/``."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in members.items():
            packed.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def office_xml(folder: str) -> bytes:
    """What Word (``word``), Excel (``xl``) and PowerPoint (``ppt``) write today, in short."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr(f"{folder}/document.xml", "<x/>")
    return out.getvalue()


def open_document(kind: str) -> bytes:
    """What LibreOffice writes, in short."""
    return archive(mimetype=f"application/vnd.oasis.opendocument.{kind}", content_xml="<x/>")


def compound(stream: str) -> bytes:
    """A compound file with one stream: ``WordDocument``, ``Workbook``, ``PowerPoint Document``."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<H", header, 30, 9)
    struct.pack_into("<L", header, 48, 1)
    struct.pack_into("<109L", header, 76, 0, *[0xFFFFFFFF] * 108)
    table = struct.pack("<128L", 0xFFFFFFFD, 0xFFFFFFFE, *[0xFFFFFFFF] * 126)
    directory = bytearray(512)
    for number, name in enumerate(("Root Entry", stream)):
        text = name.encode("utf-16-le")
        directory[number * 128 : number * 128 + len(text)] = text
        struct.pack_into("<H", directory, number * 128 + 64, len(text) + 2)
    return bytes(header) + table + bytes(directory)


def iso_media(brand: str) -> bytes:
    """The beginning of an MP4, QuickTime, M4A … file."""
    return struct.pack(">L4s4sL", 24, b"ftyp", brand.encode(), 0) + brand.encode() * 2 + b"\0" * 16


def wave() -> bytes:
    """A WAV file without sound."""
    head = struct.pack("<4sL4s4sLHHLLHH4sL", b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8, b"data", 0)
    return head + b"\0" * 8
