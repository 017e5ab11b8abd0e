"""The values of a JSON text with their places in it, so that texts can be compared apart from some of their fields."""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

MOST_DEPTH = 50
STRING = json.JSONDecoder()
BLANK = re.compile(r"[ \t\n\r]*")
SCALAR = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null")
KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")  # others may be people's own words, and are not named
LONGEST_PATH = 100


class Value(NamedTuple):
    """A value that is no object and no list, or an empty one: its path, and where its text begins and ends."""

    path: str
    begin: int
    end: int


class NotJson(ValueError):
    """The text is no JSON, or is nested too deeply."""


def values(text: str) -> list[Value]:
    """The values of a text, in its order. ``[]`` in a path stands for the members of a list. Raise NotJson."""
    found: list[Value] = []
    try:
        end = _read(text, _skip(text, 0), "", 0, found)
    except (IndexError, StopIteration, json.JSONDecodeError) as error:
        raise NotJson("cannot be read") from error
    if _skip(text, end) != len(text):
        raise NotJson("has more after its end")
    return found


def _skip(text: str, at: int) -> int:
    found = BLANK.match(text, at)
    return found.end() if found else at


def _read(text: str, at: int, path: str, depth: int, found: list[Value]) -> int:
    """Read one value, and return where it ends."""
    end: int
    if depth > MOST_DEPTH:
        raise NotJson("is nested too deeply")
    first = text[at]
    if first == '"':
        _, end = STRING.raw_decode(text, at)
    elif first in "{[":
        end = _read_members(text, at, path, depth, found)
        if end - at > 2 and text[_skip(text, at + 1)] not in "}]":
            return end
    else:
        match = SCALAR.match(text, at)
        if match is None:
            raise NotJson("holds what is no value")
        end = match.end()
    found.append(Value(path, at, end))
    return end


def _read_members(text: str, at: int, path: str, depth: int, found: list[Value]) -> int:
    is_object = text[at] == "{"
    closing = "}" if is_object else "]"
    at = _skip(text, at + 1)
    if text[at] == closing:
        return at + 1
    while True:
        inner = f"{path}[]"
        if is_object:
            if text[at] != '"':
                raise NotJson("has a key that is no text")
            key, at = STRING.raw_decode(text, at)
            inner = f"{path}.{key if KEY.fullmatch(key) else '?'}".removeprefix(".")
            at = _skip(text, at)
            if text[at] != ":":
                raise NotJson("has a key without a value")
            at = _skip(text, at + 1)
        at = _skip(text, _read(text, at, inner[:LONGEST_PATH], depth + 1, found))
        if text[at] == closing:
            return at + 1
        if text[at] != ",":
            raise NotJson("misses a comma")
        at = _skip(text, at + 1)


class Paths:
    """A set of fields, some with ``*`` for any one key. What is inside one of them belongs to it."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        parts = [re.escape(one).replace(r"\*", r"[^.\[]+") for one in patterns]
        self._fields = re.compile(rf"({'|'.join(parts)})(?=[.\[]|$)") if parts else None

    def __contains__(self, path: str) -> bool:
        return self._fields is not None and self._fields.match(path) is not None

    def shortened(self, path: str) -> str:
        """The path, without what is inside a field of this set."""
        found = self._fields.match(path) if self._fields else None
        return found[1] if found else path


def without(text: str, found: list[Value], left_out: Paths) -> Iterator[str]:
    """The parts of the text beside the values of these paths, of which only the kind is left."""
    at = 0
    for value in found:
        if value.path in left_out:
            yield text[at : value.begin]
            yield kind_of(text, value, left_out)
            at = value.end
    yield text[at:]


def kind_of(text: str, value: Value, fields: Paths) -> str:
    """The kind of a field's value: ``null``, ``number``, …; nothing for what is inside the field."""
    if fields.shortened(value.path) != value.path:
        return ""
    return {"n": "null", '"': "text", "t": "boolean", "f": "boolean", "{": "object", "[": "list"}.get(
        text[value.begin], "number"
    )
