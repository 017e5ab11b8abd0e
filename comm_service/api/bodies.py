"""Reading a request's body: its media type, its encoding, its JSON."""

import codecs
import io
import json
from http import HTTPStatus
from typing import Any, NoReturn

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import parse_header_parameters

from .refusals import Refusal, detail

LONGEST_MEDIA_TYPE = 256  # characters; more cannot be meant


def read_body(request: HttpRequest) -> Any:
    """Return what the body says; an empty one says ``{}``.

    Raise Refusal (415) for another media type than JSON, and (400) for what is no JSON.
    """
    if _length(request) == 0:
        return {}
    content_type = request.META.get("CONTENT_TYPE", "")
    if content_type != "application/json" and not _is_json(content_type):
        raise detail(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f'Unsupported media type "{content_type}" in request.')
    encoding = request.encoding or settings.DEFAULT_CHARSET
    try:
        "".encode(encoding)  # refuses codecs that are none of text, whose output could be far larger than the body
    except (LookupError, UnicodeError):
        raise detail(
            HTTPStatus.BAD_REQUEST, f'Unsupported charset "{encoding}" in request Content-Type header.'
        ) from None
    try:
        # A stream reader, as the old side uses: it passes over the first bytes of a character at the end.
        text = codecs.getreader(encoding)(io.BytesIO(request.body)).read()
        return json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        raise _no_json(str(error)) from error
    except RecursionError as error:
        raise _no_json("nested too deeply") from error


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
