"""Cases about HTTP: methods, media types, formats, suffixes, slashes, parameters, origins."""

import json
from collections.abc import Iterator

from comm_service.contract import ENDPOINTS, RESOURCES

from .asked import JSON, Asked, Case
from .seeds import ANA, row_id
from .values import BOUNDARY, GOOD, HOSTILE, VALID

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "LINK", "get")
ACCEPTS = (
    "*/*", "application/json", "application/*", "application/json; indent=2", "application/json;indent=0",
    "application/json; indent=99", "application/json; indent=-1", "application/json; indent=x", "*/*; indent=3",
    "text/html", "text/*", "", "*", "application", "application/json;q=0", "text/html, application/json;q=0.1",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json; charset=utf-8",
    "application/vnd.api+json", "APPLICATION/JSON", ",,,", "application/json; indent=2, */*", "x" * 300, "a/b," * 100,
    "*/json", "application/xml, application/*; indent=1",
)  # fmt: skip
CONTENT_TYPES = (
    JSON, "application/json; charset=utf-8", "application/json; charset=latin-1", "application/json; charset=utf-16",
    "application/json; charset=nonsense", "application/json; charset=bz2", "application/json; charset=undefined",
    "APPLICATION/JSON", "application/*", "*/*", "text/plain", "text/json", "application/vnd.api+json",
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application", "x" * 300,
    'text/plain; a="b"', "application/json;", "application/json; charset=idna",
)  # fmt: skip
QUERIES = (
    "page=2", "limit=1", "offset=1", "search=x", "ordering=created_at", "sender_id=1", "status=sent", "format=json",
    "format=", "format=xml", "format=api", "format=JSON", "format=json&format=xml", "page=x&limit=-1",
    "%00=%00", "x" * 900,
)  # fmt: skip
ORIGINS = ("https://example.com", "null", "http://localhost:3000", "nonsense")


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _methods()
    paths = {one.path: one for one in ENDPOINTS}
    for path in paths:
        filled = _filled(path)
        for suffix in ("", ".json", ".json/", ".xml", ".api", ".JSON", "."):
            asked = Asked("GET", filled.rstrip("/") + suffix)
            yield Case(f"suffix {suffix!r}", f"GET {path}", BOUNDARY if "json" in suffix else HOSTILE, (asked,))
        for suffix in ("", ".json"):
            asked = Asked("POST", filled.rstrip("/") + suffix, b"{}")
            yield Case(f"POST with suffix {suffix!r}", f"POST {path}", BOUNDARY, (asked,))
    for resource in RESOURCES:
        path = f"{resource.path}/"
        good = json.dumps(GOOD[resource.path]).encode()
        for accept in ACCEPTS:
            for asked in (Asked("GET", path), Asked("POST", path, good), Asked("DELETE", _filled(f"{path}{{id}}/"))):
                step = Asked(asked.method, asked.path, asked.body, headers={"Accept": accept})
                yield Case(f"Accept: {accept[:40]}", f"{asked.method} {path}", _kind(accept), (step,))
        for content_type in CONTENT_TYPES:
            for body in (good, b""):
                step = Asked("POST", path, body, content_type)
                name = f"Content-Type: {content_type[:40]}{'' if body else ', no body'}"
                yield Case(name, f"POST {path}", _kind(content_type), (step,))
        for query in QUERIES:
            yield Case(f"?{query[:40]}", f"GET {path}", BOUNDARY, (Asked("GET", f"{path}?{query}"),))
        for origin in ORIGINS:
            yield Case(f"Origin: {origin}", f"GET {path}", BOUNDARY, (Asked("GET", path, headers={"Origin": origin}),))
            asking = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
            yield Case(f"preflight {origin}", f"OPTIONS {path}", BOUNDARY, (Asked("OPTIONS", path, headers=asking),))
        step = Asked("POST", path, '{"subject":"\u00e9"}'.encode("latin-1"), "application/json; charset=latin-1")
        yield Case("latin-1", f"POST {path}", BOUNDARY, (step,))
    for path in ("", ".json", ".json/", ".xml", "?format=json", "?format=xml", "?format=json&a=b"):
        for method in ("GET", "HEAD", "OPTIONS", "POST", "DELETE"):
            yield Case(f"root {path}", f"{method} ", VALID if not path else BOUNDARY, (Asked(method, path),))
    for path in ("nothing/", "messages//", "messages/a/b/", "messages/a/b/c/", "messages/sent/",
                 "messages/received/a/b/",
                 "notifications/by_status/", "email_queue/by_status/a/b/", "documents/by_owner/",
                 "messages/mark_read/",
                 "messages/sent/mark_read/", "messages/%0A", "Messages/", "messages/%2F/", "../health"):  # fmt: skip
        for method in ("GET", "POST", "OPTIONS"):
            yield Case(f"address {path}", f"{method} ", HOSTILE, (Asked(method, path),))


def _methods() -> Iterator[Case]:
    for path in {one.path: one for one in ENDPOINTS}:
        for method in METHODS:
            kind = VALID if any((one.method, one.path) == (method, path) for one in ENDPOINTS) else BOUNDARY
            yield Case("every method", f"{method} {path}", kind, (Asked(method, _filled(path), None),))
            unknown = _filled(path, "99999999-aaaa-4aaa-8aaa-aaaaaaaaaaaa")
            yield Case("every method, no such row", f"{method} {path}", BOUNDARY, (Asked(method, unknown, None),))
            refused = Asked(method, _filled(path), None, headers={"Accept": "text/html"})
            yield Case("every method, Accept: text/html", f"{method} {path}", HOSTILE, (refused,))


def _filled(path: str, value: str | None = None) -> str:
    """The path of a row or of a value that is there."""
    table = [one.path for one in RESOURCES].index(path.split("/")[0]) + 1
    begin, _, rest = path.partition("{")
    if not rest:
        return path
    own = str(row_id(table, 2)) if rest.startswith("id}") else "failed" if rest.startswith("status}") else str(ANA)
    return begin + (value or own) + rest.partition("}")[2]


def _kind(text: str) -> str:
    return VALID if text in ("*/*", JSON) else BOUNDARY if "json" in text else HOSTILE
