"""Env files as editors on Windows and elsewhere save them: what the site and the scripts make of each."""

from typing import NamedTuple

BASE = "SECRET_KEY=mfXk2-a-long-random-text-for-tests-only-0123456789-abcdef\nALLOWED_HOSTS=office.example\n"


class Case(NamedTuple):
    """A file's bytes, and where and why it is refused (empty: it is read)."""

    data: bytes
    refusal: str = ""


def _saved(text: str, encoding: str, newline: str = "\r\n") -> bytes:
    return (BASE + text).replace("\n", newline).encode(encoding)


CASES = {
    "plain": Case(_saved("USE_DAPHNE=true\n", "utf-8", "\n")),
    "byte order mark": Case(_saved("USE_DAPHNE=true\n", "utf-8-sig")),
    "byte order mark and flag": Case(b"\xef\xbb\xbfUSE_DAPHNE=true\n" + BASE.encode()),
    "byte order mark and comment": Case(b"\xef\xbb\xbf# ours\n" + _saved("USE_DAPHNE=true\n", "utf-8", "\n")),
    "carriage returns": Case(_saved("USE_DAPHNE=true\n", "utf-8")),
    "accents": Case(_saved("# Señor Peña\nOFFICE=Señor ₱ \U0001f600\nUSE_DAPHNE=true\n", "utf-8")),
    "other bytes in a comment": Case(_saved("# Señor Peña – ab\n  # ñ\nUSE_DAPHNE=true\n", "cp1252")),
    "other bytes in a value": Case(_saved("OFFICE=Señor\nUSE_DAPHNE=true\n", "cp1252"), ":3 is not UTF-8"),
    "other bytes in a line that is none": Case(_saved("Señor\nUSE_DAPHNE=true\n", "latin-1"), ":3 is not UTF-8"),
    "overlong": Case(BASE.encode() + b"A=\xc0\xaf\nUSE_DAPHNE=true\n", ":3 is not UTF-8"),
    "half a character": Case(BASE.encode() + b"A=\xe2\x82\nUSE_DAPHNE=true\n", ":3 is not UTF-8"),
    "surrogate": Case(BASE.encode() + b"A=\xed\xa0\x80\nUSE_DAPHNE=true\n", ":3 is not UTF-8"),
    "UTF-16": Case(_saved("USE_DAPHNE=true\n", "utf-16"), ":1 is UTF-16"),
    "UTF-16 the other way": Case(b"\xfe\xff" + _saved("USE_DAPHNE=true\n", "utf-16-be"), ":1 is UTF-16"),
    "UTF-16 without a mark": Case(_saved("USE_DAPHNE=true\n", "utf-16-le"), ":1 holds a NUL byte"),
    "NUL": Case(BASE.encode() + b"# \0\nUSE_DAPHNE=true\n", ":3 holds a NUL byte"),
    "old Mac": Case(b"# ours\r" + _saved("USE_DAPHNE=true\n", "utf-8", "\r"), ":1 holds a carriage return"),
    "old Mac within": Case(BASE.encode() + b"A=1\rUSE_DAPHNE=true\n", ":3 holds a carriage return"),
    "line separator": Case(_saved("A=1\u2028USE_DAPHNE=true\n", "utf-8"), ":3 holds a control character"),
    "next line": Case(_saved("A=1\u0085USE_DAPHNE=true\n", "utf-8"), ":3 holds a control character"),
    "form feed": Case(_saved("A=1\fUSE_DAPHNE=true\n", "utf-8"), ":3 holds a control character"),
}
READ = {name: case for name, case in CASES.items() if not case.refusal}
REFUSED = {name: case for name, case in CASES.items() if case.refusal}
