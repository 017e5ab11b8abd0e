"""A request that can be asked again, after it was answered."""

import copy
from io import BytesIO

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import RawPostDataException, UnreadablePostError

MOST_BODY = 1_000_000  # bytes; requests with more are not compared


def copied(request: HttpRequest) -> HttpRequest | None:
    """A copy with a body of its own, made before anybody has read the request.

    ``None`` for a request with a long body, with one of unknown length or of several parts (an upload), and for one
    that was read already or is cut off.
    """
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return None
    chunked = "HTTP_TRANSFER_ENCODING" in request.META
    if chunked or not 0 <= length <= MOST_BODY or request.content_type == "multipart/form-data":
        return None
    try:
        body = request.body
    except (RawPostDataException, RequestDataTooBig, UnreadablePostError):
        return None
    other = copy.copy(request)
    other.META = dict(request.META)
    other.resolver_match = request.resolver_match
    other._stream = BytesIO(body)
    other._read_started = False  # type: ignore[attr-defined]
    return other
