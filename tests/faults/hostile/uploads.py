"""Malicious files, and valid ones of each kind that the office exchanges."""

import struct
import zipfile
import zlib
from io import BytesIO

from PIL import Image

SCRIPT = b"<script>window.__ran = 1; fetch('/canary/')</script>"
HTML = b"<!doctype html><html><body>" + SCRIPT + b"</body></html>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.__ran = 1'>" + SCRIPT + b"</svg>"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
PDF = b"%PDF-1.7\n1 0 obj <</Type /Catalog /OpenAction <</S /JavaScript /JS (app.alert(1))>>>> endobj\n%%EOF\n"
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(id) system\n%%EOF\n"
ELF = b"\x7fELF\x02\x01\x01" + bytes(57)


def picture(kind: str, size: tuple[int, int] = (40, 40)) -> bytes:
    """Return a picture of random pixels in one of Pillow's formats."""
    data = BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(data, kind)
    return data.getvalue()


def archive(*members: str, content: bytes = b"<x/>") -> bytes:
    """Return a ZIP with these members."""
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in members:
            packed.writestr(name, content)
    return data.getvalue()


def png_of(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that declares this size, which would take gigabytes to decode."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))

    header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def saying_it_holds(data: bytes, size: int) -> bytes:
    """Return the ZIP with a directory that declares this size for its first member."""
    at = data.rfind(b"PK\x01\x02") if data.count(b"PK\x01\x02") == 1 else data.find(b"PK\x01\x02")
    return data[: at + 24] + struct.pack("<L", size) + data[at + 28 :]


def with_directory_of(data: bytes, size: int) -> bytes:
    """Return the ZIP with an end record that declares this size for its directory."""
    at = data.rfind(b"PK\x05\x06")
    return data[: at + 12] + struct.pack("<L", size) + data[at + 16 :]


WORD = archive("[Content_Types].xml", "_rels/.rels", "word/document.xml")
EXCEL = archive("[Content_Types].xml", "xl/workbook.xml")
JPEG, PNG, WEBP = picture("JPEG"), picture("PNG"), picture("WEBP")

HONEST = {
    "a.pdf": PDF,
    "with a mark first.pdf": b"\xef\xbb\xbf\r\n%PDF-1.4",
    "a.png": PNG,
    "a.jpg": JPEG,
    "A.JPEG": JPEG,
    "a.webp": WEBP,
    "a.doc": OLE,
    "a.xls": OLE,
    "a.docx": WORD,
    "a.xlsx": EXCEL,
    "a.zip": archive("plan/a.dwg"),
    "a.dwg": b"AC1032" + bytes(100),
    "a.csv": "Señor;₱1,234\r\n".encode(),
    "of Excel.csv": "Señor;1\r\n".encode("cp1252"),
    "utf-16.txt": "Señor".encode("utf-16"),
    "a.txt": b"Well\tthen\r\n\x0c\x1a",
    "of a year.html.pdf": PDF,
    "名前 ₱ \u202efdp.pdf": PDF,
}

# Refused files: the name and the contents.
HOSTILE = {
    **{f"HTML as {name}": (name, HTML) for name in ("a.jpg", "a.png", "a.webp", "a.pdf", "a.doc", "a.docx", "a.zip")},
    **{f"SVG as {name}": (name, SVG) for name in ("a.png", "a.jpg", "a.xls", "a.dwg")},
    **{f"a name that runs, {name}": (name, HTML) for name in ("a.html", "a.svg", "a.js", "a.xhtml", "a.xml", "a.php")},
    **{f"a program as {name}": (name, ELF) for name in ("a.exe", "a.txt", "a.csv", "a.pdf", "a.jar")},
    **{
        f"an odd name, {name!r}": (name, PDF)
        for name in (".pdf", "pdf", "a.pdf ", "a.pdf.", "a.pdf.html", "a.p\u0440f")
    },
    "one picture as another": ("a.png", JPEG),
    "a GIF": ("a.gif", picture("GIF")),
    "a GIF as a PNG": ("a.png", picture("GIF")),
    "PostScript as a picture": ("a.jpg", EPS),
    "half a JPEG": ("a.jpg", JPEG[: len(JPEG) // 2]),
    "half a PNG": ("a.png", PNG[: len(PNG) // 2]),
    "half a WebP": ("a.webp", WEBP[: len(WEBP) // 2]),
    "the beginning of a JPEG before HTML": ("a.jpg", b"\xff\xd8\xff\xe0" + HTML),
    "a PNG of 50,000 by 50,000": ("a.png", png_of(50_000, 50_000)),
    "a PNG of 9,000 by 9,000": ("a.png", png_of(9_000, 9_000)),
    "a PNG of no size": ("a.png", png_of(0, 0)),
    "a ZIP as Word": ("a.docx", archive("a.html")),
    "Word as Excel": ("a.xlsx", WORD),
    "HTML before a ZIP": ("a.zip", HTML + archive("a.txt")),
    "a GIF before a ZIP": ("a.zip", picture("GIF") + archive("META-INF/MANIFEST.MF", "A.class")),
    "a ZIP that is cut off": ("a.zip", archive("a.txt")[:-10]),
    "a ZIP bomb as Word": ("a.docx", saying_it_holds(WORD, 2**31)),
    "a ZIP with a directory without an end": ("a.zip", with_directory_of(archive("a.txt"), 2**31)),
    "a ZIP with a second end": ("a.zip", (z := archive("a.txt"))[:-22] + b"PK\x06\x07" + bytes(16) + z[-22:]),
    "nothing": ("a.pdf", b""),
    "one byte": ("a.docx", b"P"),
}
