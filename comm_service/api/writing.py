"""Writing answers as the old side does: compact UTF-8, or indented; U+2028 and U+2029 escaped."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
from django.http import HttpResponse

from ..json_values import read_stored

JSON = "application/json"
_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
# Both would end a line in a script that holds the answer.
_LINE, _PARAGRAPH = "\u2028".encode(), "\u2029".encode()
EMPTY = orjson.Fragment(b"{}")
_ALIKE = frozenset({str, bool, type(None)})  # what both write alike, and orjson in a tenth of the time
Encoded = orjson.Fragment


def encoded(value: Any) -> Encoded:
    """Any JSON value, as Python writes numbers (orjson writes large and small ones otherwise, or not at all)."""
    if type(value) is dict and all(type(one) in _ALIKE for one in value.values()):
        with contextlib.suppress(orjson.JSONEncodeError):  # a lone surrogate
            return orjson.Fragment(orjson.dumps(value))
    return orjson.Fragment(_COMPACT.encode(value).encode(errors="replace"))


def stored(text: str) -> Encoded:
    """A JSON value as a database writes it."""
    return EMPTY if text == "{}" else encoded(read_stored(text))


def write_object(value: Mapping[str, Any], indent: int | None) -> bytes:
    """An object whose values are texts, numbers, times, ids, or encoded."""
    return _finished(orjson.dumps(value, option=orjson.OPT_UTC_Z), indent)


def write_list(values: list[dict[str, Any]], indent: int | None) -> bytes:
    """A list of such objects."""
    return _finished(orjson.dumps(values, option=orjson.OPT_UTC_Z), indent)


def write_chunks(chunks: Iterable[list[dict[str, Any]]], indent: int | None) -> Iterator[bytes]:
    """A list of such objects, in one piece for each chunk. The first piece begins it, the last one ends it."""
    opening, between, closing = b"[", b",", b"]"
    if indent is not None:
        margin = b"\n" + b" " * indent
        opening, between, closing = b"[" + margin, b"," + margin, b"\n]"
    begun = False
    for chunk in chunks:
        if not chunk:
            continue
        objects = orjson.dumps(chunk, option=orjson.OPT_UTC_Z)[1:-1]
        if indent is not None:  # the objects of an indented list, without its brackets and their line breaks
            objects = _indented(b"[" + objects + b"]", indent)[2 + indent : -2]
        yield (between if begun else opening) + _escaped(objects)
        begun = True
    yield closing if begun else b"[]"


def plain(value: Any, indent: int | None) -> bytes:
    """Any JSON value: an error, or what OPTIONS says. For a lone surrogate, which UTF-8 lacks, there is a ``?``."""
    return _finished(_COMPACT.encode(value).encode(errors="replace"), indent)


def response(body: bytes, status: int = 200) -> HttpResponse:
    """An answer with this JSON."""
    return HttpResponse(body, content_type=JSON, status=status)


def _finished(body: bytes, indent: int | None) -> bytes:
    return _escaped(body if indent is None else _indented(body, indent))


def _indented(body: bytes, indent: int) -> bytes:
    return json.dumps(
        json.loads(body), ensure_ascii=False, allow_nan=False, indent=indent, separators=(",", ": ")
    ).encode(errors="replace")


def _escaped(body: bytes) -> bytes:
    if b"\xe2\x80" in body:
        return body.replace(_LINE, rb"\u2028").replace(_PARAGRAPH, rb"\u2029")
    return body
