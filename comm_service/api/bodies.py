"""Reading a request's body: its media type, its encoding, its JSON."""

import codecs
import io
import json
from http import HTTPStatus
from typing import Any, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.utils.http import parse_header_parameters

from ..json_values import MAX_DEPTH, TOO_DEEP, is_too_deep
from .refusals import Refusal, detail

LONGEST_MEDIA_TYPE = 256  # characters; more cannot be meant
UTF8 = "utf-8"


def read_body(request: HttpRequest) -> Any:
    """Return what the body says; an empty one says ``{}``.

    Raise Refusal (415) for another media type than JSON, and (400) for what is no JSON.
    """
    if _length(request) == 0:
        return {}
    content_type = request.META.get("CONTENT_TYPE", "")
    if content_type != "application/json" and not _is_json(content_type):
        raise detail(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f'Unsupported media type "{content_type}" in request.')
    try:
        # A stream reader, as the old side uses: it passes over the first bytes of a character at the end.
        text = codecs.getreader(_encoding(request))(io.BytesIO(_bytes(request))).read()
        value = json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        raise _no_json(str(error)) from error
    except RecursionError as error:
        raise _no_json(TOO_DEEP) from error
    if text.count("[") + text.count("{") > MAX_DEPTH and is_too_deep(value):
        raise _no_json(TOO_DEEP)
    return value


def _encoding(request: HttpRequest) -> str:
    """The encoding that the request names, or UTF-8 where it names none of text. Raise Refusal (400) for others."""
    encoding = request.encoding or UTF8
    try:
        "".encode(encoding)
    except LookupError:  # the output of such a codec could be far larger than the body
        return UTF8
    except UnicodeError:
        text = f'Unsupported charset "{encoding}" in request Content-Type header.'
        raise detail(HTTPStatus.BAD_REQUEST, text) from None
    return encoding


def _bytes(request: HttpRequest) -> bytes:
    """The body. Raise Refusal (413) for one that is larger than the site accepts."""
    try:
        return request.body
    except RequestDataTooBig:
        text = "The request is larger than this site accepts."
        raise detail(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text) from None


def _no_json(why: str) -> Refusal:
    return detail(HTTPStatus.BAD_REQUEST, f"JSON parse error - {why}")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"Out of range float values are not JSON compliant: {name!r}")


def _length(request: HttpRequest) -> int:
    """The announced length of the body in bytes; what cannot be read as one is 0."""
    try:
        return int(request.META.get("CONTENT_LENGTH", 0))
    except ValueError:
        return 0


def _is_json(content_type: str) -> bool:
    if len(content_type) > LONGEST_MEDIA_TYPE:
        return False
    try:
        main, _, sub = parse_header_parameters(content_type)[0].partition("/")
    except ValueError:
        return False
    return main in ("application", "*") and sub in ("json", "*")
