"""Asks a view, and makes what it answers comparable."""

import logging
from collections.abc import Callable

from asgiref.sync import async_to_sync
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.handlers.exception import response_for_exception
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from .comparison import Answer

logger = logging.getLogger(__name__)

View = Callable[[HttpRequest], HttpResponseBase]
MOST_STREAMED = 20_000_000  # bytes of a streamed answer that are read to compare it
CANCELLED = "57014"  # PostgreSQL's code of a statement that took too long (rolled_back.py)
ANSWERED_BY_DJANGO = (Http404, PermissionDenied, BadRequest, SuspiciousOperation)


def rendered(response: HttpResponseBase) -> HttpResponseBase:
    """The response, with its content made now where it would be made later."""
    render = getattr(response, "render", None)
    if callable(render):
        made: HttpResponseBase = render()
        return made
    return response


def ask(view: View, request: HttpRequest) -> Answer:
    """The answer of a view. What it raises is part of the answer."""
    try:
        response = rendered(view(request))
    except ANSWERED_BY_DJANGO as error:
        response = response_for_exception(request, error)
    except OperationalError as error:
        # A lock that another holds, or a database that is away, says nothing of the view. Slowness does.
        if getattr(error.__cause__, "sqlstate", "") != CANCELLED:
            raise
        return Answer(500, failure=type(error).__name__)
    except Exception as error:  # noqa: BLE001 (the candidate's fault is a result, and touches nobody)
        logger.info("The way that is compared failed: %s", type(error).__name__)
        return Answer(500, failure=type(error).__name__)
    try:
        return answer_of(response, read_streams=True)
    finally:
        # Not response.close(): it says that a request is over, and Django then closes our transaction's connection.
        for close in response._resource_closers:  # type: ignore[attr-defined]
            close()


def answer_of(response: HttpResponseBase, read_streams: bool = False) -> Answer:
    """A response as it is compared. A stream is read only where that is asked for, and has no body otherwise."""
    headers = {name.lower(): value for name, value in response.items()}
    body: bytes | None = None
    if isinstance(response, HttpResponse):
        body = response.content
    elif read_streams and isinstance(response, StreamingHttpResponse):
        # Its parts are then made in this thread, and so in the transaction that is rolled back.
        body = async_to_sync(_read_async)(response) if response.is_async else _read(response)
    return Answer(response.status_code, headers, body)


def _read(response: StreamingHttpResponse) -> bytes | None:
    parts, length = [], 0
    for part in response:
        length += len(part)
        if length > MOST_STREAMED:
            return None
        parts.append(part)
    return b"".join(parts)


async def _read_async(response: StreamingHttpResponse) -> bytes | None:
    parts, length = [], 0
    async for part in response:
        length += len(part)
        if length > MOST_STREAMED:
            return None
        parts.append(part)
    return b"".join(parts)
