"""What a JSON value may hold, so that both databases can keep it and every answer can show it."""

import json
import math
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 400  # arrays and objects within each other; Python's own limit, which is an error, is near 1,000
NUL = "Null characters are not allowed."
SURROGATE = "Surrogate characters are not allowed: U+{:X}."
TOO_DEEP = "nested too deeply"


def is_too_deep(value: Any) -> bool:
    """Whether arrays and objects are nested deeper than ``MAX_DEPTH``."""
    return any(depth > MAX_DEPTH for depth, _ in _walk(value))


def fault_of(value: Any) -> str | None:
    """Why PostgreSQL could not keep a JSON value, in the words that texts are refused with; ``None`` if it can."""
    for _, one in _walk(value):
        if isinstance(one, str) and (fault := text_fault(one)):
            return fault
    return None


def text_fault(text: str) -> str | None:
    """Why a text could not be kept: it holds a NUL or a lone surrogate. ``None`` if it can."""
    if "\0" in text:
        return NUL
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return SURROGATE.format(ord(text[error.start]))
    return None


def encodable(value: Any) -> Any:
    """An answer that repeats what was sent, with ``?`` for lone surrogates: UTF-8 has none."""
    if isinstance(value, dict):
        return {encodable(name): encodable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [encodable(one) for one in value]
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("It is beyond a float.")
    return value


_STORED = json.JSONDecoder(parse_float=_finite)


def read_stored(text: str) -> Any:
    """A JSON value as a database writes it; ``None`` for what no answer could show.

    That is a number beyond those of Python, or what is nested too deeply. Only SQL can have written it.
    """
    try:
        value = _STORED.decode(text)
    except (ValueError, RecursionError):
        return None
    if len(text) > 2 * MAX_DEPTH and text.count("[") + text.count("{") > MAX_DEPTH and is_too_deep(value):
        return None
    return value


def _walk(value: Any) -> Iterator[tuple[int, Any]]:
    """Each value within a value, names of objects too, with how deep it is. Without recursion, which has a limit."""
    waiting = [(0, value)]
    while waiting:
        depth, one = waiting.pop()
        yield depth, one
        if depth > MAX_DEPTH:
            continue
        if isinstance(one, dict):
            waiting += [(depth + 1, inner) for pair in one.items() for inner in pair]
        elif isinstance(one, list):
            waiting += [(depth + 1, inner) for inner in one]
