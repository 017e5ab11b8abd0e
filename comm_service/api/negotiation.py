"""Which form of JSON a client accepts: the Accept header, ``?format=`` and the suffix of the path."""

import contextlib
from http import HTTPStatus

from django.http import HttpRequest
from django.utils.http import parse_header_parameters

from .refusals import detail, not_found

LONGEST_ACCEPT = 8192  # characters
LONGEST_MEDIA_TYPE = 256
MOST_MEDIA_TYPES = 64
WIDEST_INDENT = 8
COMPACT = frozenset({"*/*", "application/json", "application/*"})  # what most clients send


def indent_of(request: HttpRequest, suffix: str | None) -> int | None:
    """Return by how many blanks the answer is indented; ``None`` for a compact one.

    Raise Refusal (404) for another format than JSON, and (406) for an Accept header without JSON.
    """
    wanted = suffix or request.GET.get("format")
    if wanted and wanted != "json":
        raise not_found()
    accept = request.META.get("HTTP_ACCEPT", "*/*")
    if accept in COMPACT:
        return None
    return _indent(_accepted(accept))


def _accepted(accept: str) -> dict[str, str]:
    """Return the parameters of the most specific media type that means JSON. The first one of several wins."""
    found: list[tuple[int, dict[str, str]]] = []
    for token in _tokens(accept):
        try:
            full, parameters = parse_header_parameters(token)
        except ValueError:
            continue
        main, _, sub = full.partition("/")
        if main in ("application", "*") and sub in ("json", "*"):
            found.append((_precedence(main, sub, parameters), parameters))
    if not found:
        raise detail(HTTPStatus.NOT_ACCEPTABLE, "Could not satisfy the request Accept header.")
    return max(found, key=lambda one: one[0])[1]


def _tokens(accept: str) -> list[str]:
    if len(accept) > LONGEST_ACCEPT:
        accept = accept[: accept.rfind(",", 0, LONGEST_ACCEPT) + 1]
    tokens = (token.strip() for token in accept.split(","))
    return [token for token in tokens if token and len(token) <= LONGEST_MEDIA_TYPE][:MOST_MEDIA_TYPES]


def _precedence(main: str, sub: str, parameters: dict[str, str]) -> int:
    if main == "*":
        return 0
    if sub == "*":
        return 1
    return 2 if not parameters or list(parameters) == ["q"] else 3


def _indent(parameters: dict[str, str]) -> int | None:
    with contextlib.suppress(KeyError, ValueError):
        return max(min(int(parameters["indent"]), WIDEST_INDENT), 0) or None
    return None
