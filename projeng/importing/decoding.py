"""Decodes the bytes of a file, or says what kind of file it is instead."""

import re

SAVE_AS = "Save it as “CSV UTF-8 (comma delimited)”."

_LINE_BREAK = re.compile(rb"\r\n|\r|\n")
_VALUE_BREAK = re.compile(r"[,;|\"\x00-\x1f]")
_KINDS = {
    b"PK\x03\x04": "an Excel or LibreOffice workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a compressed file",
}
_BOMS = {b"\xff\xfe\x00\x00": "UTF-32", b"\x00\x00\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_SAMPLE = 200  # bytes that are looked at for UTF-16 without a byte order mark


class Unreadable(Exception):
    """The file cannot be read as CSV with the expected columns. The message says why."""


def decoded(data: bytes) -> str:
    """Return the text of a file in UTF-8. Raise Unreadable for any other, with the line and what to do."""
    for begin, kind in _KINDS.items():
        if data.startswith(begin):
            raise Unreadable(f"is {kind}, not CSV. {SAVE_AS}")
    for mark, encoding in _BOMS.items():
        if data.startswith(mark):
            raise Unreadable(f"is not UTF-8: line 1 begins with the mark of {encoding}. {SAVE_AS}")
    if _every_other_is_nul(data[:_SAMPLE]):
        raise Unreadable(f"is not UTF-8: line 1 has a NUL beside each character, as in UTF-16. {SAVE_AS}")
    data = data.removeprefix(b"\xef\xbb\xbf")  # the byte order mark that spreadsheet programs write
    try:
        return data.decode()
    except UnicodeDecodeError as fault:
        line = len(_LINE_BREAK.findall(data[: fault.start])) + 1
        raise Unreadable(f"is not UTF-8: line {line} holds {_byte_and_word(data, fault.start)}. {SAVE_AS}") from fault


def _every_other_is_nul(sample: bytes) -> bool:
    even, odd = sample[::2], sample[1::2]
    return (0 in even) != (0 in odd) and 2 * (even + odd).count(0) > len(odd)


def _byte_and_word(data: bytes, at: int) -> str:
    """The byte that is not UTF-8 and, as Windows-1252 has it, the value around it."""
    before, after = (part.decode("cp1252", "replace") for part in (data[max(0, at - 20) : at], data[at : at + 20]))
    word = _VALUE_BREAK.split(before)[-1] + _VALUE_BREAK.split(after)[0]
    return f"the byte {data[at]:02X}, as Windows-1252 writes it in “{word.strip()}”"
