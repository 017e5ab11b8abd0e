"""All cases of the corpus."""

import json
from collections.abc import Iterator

from comm_service.contract import ENDPOINTS, RESOURCES, Endpoint, Resource

from . import protocol, secured
from .asked import Asked, Case
from .seeds import ANA, NOBODY, row_id
from .values import BOUNDARY, FIELDS, GOOD, HOSTILE, VALID, body_with

TABLES = {one.path: number for number, one in enumerate(RESOURCES, 1)}


def every() -> list[Case]:
    """The whole corpus."""
    return [
        *reading(),
        *fields("POST"),
        *fields("PATCH"),
        *changing(),
        *sequences(),
        *protocol.cases(),
        *secured.cases(),
    ]


def address(endpoint: Endpoint, value: str) -> str:
    """The path of an endpoint with this value in it."""
    begin, _, rest = endpoint.path.partition("{")
    return begin + value + rest.partition("}")[2] if rest else begin


def there(resource: Resource, n: int = 1) -> str:
    """The id of a row that is there."""
    return str(row_id(TABLES[resource.path], n))


def reading() -> Iterator[Case]:
    """Every GET: rows that are there, values that no row has, malformed ones."""
    for one in ENDPOINTS:
        if one.method != "GET":
            continue
        values = {"": VALID}
        if "{status}" in one.path:
            values = {
                "pending": VALID, "sent": VALID, "failed": VALID, "other": VALID, "PENDING": BOUNDARY, "nope": BOUNDARY,
                "%20": BOUNDARY, "é": BOUNDARY, "a%00b": HOSTILE, "%ED%A0%80": HOSTILE, "x" * 500: HOSTILE,
                "a%2Fb": HOSTILE, "'; DROP TABLE messages": HOSTILE,
            }  # fmt: skip
        elif "{" in one.path:
            good = there(one.resource) if one.kind == "detail" else str(ANA)
            values = {
                good: VALID, str(NOBODY): VALID, good.upper(): BOUNDARY, good.replace("-", ""): BOUNDARY,
                f"%7B{good}%7D": BOUNDARY, f"urn:uuid:{good}": BOUNDARY, good.replace("-", "", 1): BOUNDARY,
                "abc": HOSTILE, good[:-1]: HOSTILE, f"{good}%20": HOSTILE, "%00": HOSTILE, "1": HOSTILE, "-": HOSTILE,
                "x" * 32: HOSTILE, "%EF%BC%91" * 32: HOSTILE, "a.b": HOSTILE, f"{good}.xml": HOSTILE,
            }  # fmt: skip
        for value, kind in values.items():
            yield _case(one, kind, value[:60], Asked("GET", address(one, value)))


def fields(method: str) -> Iterator[Case]:
    """Each field with each of its values: alone (PATCH), or beside good values of the others (POST)."""
    for one in ENDPOINTS:
        if one.method != method or one.kind not in ("list", "detail"):
            continue
        for field, values in FIELDS[one.resource.path].items():
            for kind, value in values:
                body = body_with(one.resource, field, value, whole=method == "POST")
                asked = Asked(method, address(one, there(one.resource)), body)
                yield _case(one, kind, f"{field} = {value[:40]}", asked)


def changing() -> Iterator[Case]:
    """POST, PUT, PATCH and DELETE as a whole, and the actions."""
    for one in ENDPOINTS:
        rows = [there(one.resource, n) for n in range(4)] if one.kind == "action" else [there(one.resource)]
        if one.method == "GET":
            continue
        for value in rows:
            for name, kind, body in _bodies(one):
                yield _case(one, kind, f"{name} ({value[-2:]})", Asked(one.method, address(one, value), body))
        if one.kind == "list":
            continue
        for value in (str(NOBODY), "abc", "1", rows[0].upper()):
            body = json.dumps(GOOD[one.resource.path]).encode()
            yield _case(one, BOUNDARY, f"row {value}", Asked(one.method, address(one, value), body))
            yield _case(
                one, HOSTILE, f"row {value}, bad body", Asked(one.method, address(one, value), b"{", "text/plain")
            )


def _bodies(one: Endpoint) -> Iterator[tuple[str, str, bytes | None]]:
    good, resource = GOOD[one.resource.path], one.resource
    yield "good", VALID, json.dumps(good).encode()
    yield "no body", BOUNDARY, None
    yield "empty body", BOUNDARY, b""
    yield "no fields", BOUNDARY, b"{}"
    yield "required only", VALID, json.dumps({name: good[name] for name in resource.required}).encode()
    yield "all null", HOSTILE, json.dumps(dict.fromkeys(resource.write)).encode()
    yield "all wrong", HOSTILE, json.dumps({name: {"a": [1]} for name in resource.write}).encode()
    yield "reversed", VALID, json.dumps(dict(reversed(good.items()))).encode()
    unknown = {**good, "id": str(NOBODY), "status": "sent", "attempts": 9, "read_at": "2025-01-01T00:00:00Z", "x": None}
    yield "unknown keys", BOUNDARY, json.dumps({**unknown, "created_at": 1, "sent_at": "now", "": 1}).encode()
    yield "duplicate keys", BOUNDARY, json.dumps(good)[:-1].encode() + b',"metadata":{"a":1},"metadata":{"b":2}}'
    for text in ("[]", '"text"', "5", "1.5", "true", "null", "[{}]"):
        yield f"body {text}", HOSTILE, text.encode()
    for text in (
        "{",
        "}",
        "{'a':1}",
        '{"a":}',
        '{"a":1}x',
        " ",
        "\ufeff{}",
        '{"a":NaN}',
        '{"a":"\n"}',
        "[" * 100_000,
        "\0",
    ):
        yield f"bad JSON {text[:10]!r}", HOSTILE, text.encode()
    yield "bad UTF-8", HOSTILE, b'{"subject":"\xff"}'
    yield "half a character", HOSTILE, json.dumps(good).encode() + b"\xe2\x80"


def sequences() -> Iterator[Case]:
    """A row is made, read, changed, acted on and deleted."""
    for resource in RESOURCES:
        path, good = f"{resource.path}/", json.dumps(GOOD[resource.path]).encode()
        made = f"{path}{{new}}/"
        steps = [Asked("POST", path, good), Asked("GET", path), Asked("GET", made), Asked("PATCH", made, b"{}")]
        steps += [Asked("PUT", made, good), Asked("OPTIONS", made), Asked("GET", made)]
        steps += [Asked("POST", f"{made}{name}/", None) for name in resource.actions for _ in range(2)]
        steps += [
            Asked("HEAD", made),
            Asked("DELETE", made),
            Asked("GET", made),
            Asked("DELETE", made),
            Asked("GET", path),
        ]
        yield Case("a row's life", f"POST {path}", VALID, tuple(steps))
    message = there(RESOURCES[0])
    steps = [Asked("POST", f"messages/{message}/mark_read/", None), Asked("GET", f"messages/{message}/")]
    yield Case("read, then read again", "POST messages/{id}/mark_read/", VALID, (*steps, *steps))


def _case(one: Endpoint, kind: str, name: str, asked: Asked) -> Case:
    return Case(name, f"{one.method} {one.path}", kind, (asked,))
