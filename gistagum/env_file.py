"""The text of an env file, as any editor may have saved it. scripts/lib/check.awk judges it in the same way.

UTF-8 is read, with or without a byte order mark, with lines that end as on Unix or on Windows. Comments may hold any
bytes. Everything else is refused, in one line that names the file and the line.
"""

import codecs
import re
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

# What some programs take for the end of a line and others do not, or what no editor shows.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")


def read_env_file(path: Path) -> str:
    """Return the text without a byte order mark and without comments. Raise ImproperlyConfigured."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImproperlyConfigured(f"{path} cannot be read: {error.strerror}.") from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ImproperlyConfigured(f"{path}:1 is UTF-16; save the file as UTF-8.")
    lines = data.removeprefix(codecs.BOM_UTF8).split(b"\n")
    return "".join(f"{_text_of(line, f'{path}:{number}')}\n" for number, line in enumerate(lines, start=1))


def _text_of(line: bytes, where: str) -> str:
    line = line.removesuffix(b"\r")
    if b"\0" in line:
        raise ImproperlyConfigured(f"{where} holds a NUL byte; save the file as UTF-8.")
    if b"\r" in line:
        raise ImproperlyConfigured(f"{where} holds a carriage return; end lines as on Unix or on Windows.")
    if line.lstrip(b" \t").startswith(b"#"):
        return ""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{where} is not UTF-8; save the file as UTF-8.") from None
    if CONTROL.search(text):
        raise ImproperlyConfigured(f"{where} holds a control character; remove it.")
    return text
