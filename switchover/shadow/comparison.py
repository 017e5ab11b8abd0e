"""Compares two answers: status, the headers that the move names, and the body. Pure.

Bodies are compared as bytes. A JSON body that differs is compared again without the fields that differ by nature; what
is left is told field by field, masked.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .json_text import LONGEST_PATH, NotJson, Paths, Value, kind_of, values, without
from .masking import masked, shown

MOST_BODY = 1_000_000  # bytes; longer bodies are only compared whole
MOST_FOUND = 20  # differences of one pair of answers
SHOWN_HEADERS = frozenset({"content-type", "allow", "vary", "cache-control", "content-language"})


@dataclass(frozen=True)
class Answer:
    """An answer as it is compared: headers by lower-case name, and the whole body, ``None`` where it is not known.

    ``failure``: the name of the exception that was raised instead, and not answered by Django itself.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = b""
    failure: str = ""


class Found(NamedTuple):
    """A difference, without personal content: its kind, where it is, and both values, masked."""

    kind: str
    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Rules:
    """What is compared, and how a difference is told (the attributes of Move of the same names)."""

    headers: tuple[str, ...] = ()
    differing: Paths = field(default_factory=lambda: Paths(()))
    public: Paths = field(default_factory=lambda: Paths(()))
    free: Paths = field(default_factory=lambda: Paths(()))


def compare(old: Answer, new: Answer, rules: Rules) -> list[Found]:
    """The differences between two answers, at most ``MOST_FOUND``; none where they are the same."""
    if new.failure or old.failure:
        return [] if new.failure == old.failure else [Found("failure", "", old.failure or "-", new.failure or "-")]
    found = []
    if old.status != new.status:
        found.append(Found("status", "", str(old.status), str(new.status)))
    for name in rules.headers:
        before, after = old.headers.get(name), new.headers.get(name)
        if before != after:
            tell = shown if name in SHOWN_HEADERS else masked
            found.append(Found("header", name, *("-" if one is None else tell(one) for one in (before, after))))
    if old.body is not None and new.body is not None and old.body != new.body:
        found += _of_bodies(old.body, new.body, rules)
    return found[:MOST_FOUND]


def _of_bodies(old: bytes, new: bytes, rules: Rules) -> list[Found]:
    if max(len(old), len(new)) > MOST_BODY:
        return [Found("bytes", "", f"{len(old)} bytes", f"{len(new)} bytes")]
    try:
        texts = old.decode(), new.decode()
        before, after = values(texts[0]), values(texts[1])
    except (UnicodeDecodeError, NotJson):
        return [Found("bytes", "", f"{len(old)} bytes", f"{len(new)} bytes, no JSON")]
    if "\0".join(without(texts[0], before, rules.differing)) == "\0".join(without(texts[1], after, rules.differing)):
        return []
    told = list(_of_fields(texts, (before, after), rules))
    if told:
        return told
    same = [value.path for value in before] == [value.path for value in after]
    return [Found("bytes" if same else "order", "", *(_order(found) for found in (before, after)))]


def _of_fields(texts: tuple[str, str], found: tuple[list[Value], list[Value]], rules: Rules) -> Iterator[Found]:
    """Each path whose values differ, once, with the first pair that does."""
    sides: list[dict[str, list[str]]] = []
    for text, side in zip(texts, found, strict=True):
        by_path: dict[str, list[str]] = defaultdict(list)
        for value in side:
            if value.path not in rules.differing:
                by_path[value.path].append(text[value.begin : value.end])
            elif kind := kind_of(text, value, rules.differing):
                by_path[value.path].append(kind)
        sides.append(by_path)
    before, after = sides
    told: Counter[str] = Counter()
    for path in [*before, *(one for one in after if one not in before)]:
        olds, news = before.get(path, []), after.get(path, [])
        if olds == news:
            continue
        where = rules.free.shortened(path)[:LONGEST_PATH]
        told[where] += 1
        if told[where] > 1:
            continue
        if len(olds) != len(news):
            yield Found("field", where, _times(olds), _times(news))
            continue
        pair = next(pair for pair in zip(olds, news, strict=True) if pair[0] != pair[1])
        tell = shown if path in rules.public or path in rules.differing else masked  # of the latter, it is the kind
        yield Found("field", where, tell(pair[0]), tell(pair[1]))


def _times(found: list[str]) -> str:
    return f"{len(found)} times" if found else "-"


def _order(found: list[Value]) -> str:
    return ", ".join(value.path for value in found)[:80]
