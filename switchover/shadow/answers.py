"""Asks a view, and makes what it answers comparable."""

import logging
import time
from collections.abc import Callable

from asgiref.sync import async_to_sync
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.handlers.exception import response_for_exception
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase

from .comparison import MOST_BODY, Answer

logger = logging.getLogger(__name__)

View = Callable[[HttpRequest], HttpResponseBase]
MOST_STREAMED = 20_000_000  # bytes of a streamed answer that are read to compare it
STREAM_SECONDS = 5.0  # that reading it may take
ENDED = frozenset({"57014", "25P03"})  # PostgreSQL's codes where a limit of rolled_back.py was kept
ANSWERED_BY_DJANGO = (Http404, PermissionDenied, MultiPartParserError, BadRequest, SuspiciousOperation)


def rendered(response: HttpResponseBase) -> HttpResponseBase:
    """The response, with its content made now where it would be made later."""
    render = getattr(response, "render", None)
    if callable(render):
        made: HttpResponseBase = render()
        return made
    return response


def ask(view: View, request: HttpRequest) -> Answer:
    """The answer of a view. What it raises is part of the answer, also while its stream is read."""
    try:
        try:
            response = rendered(view(request))
        except ANSWERED_BY_DJANGO as error:
            return answer_to(error, request)
        try:
            return answer_of(response, whole=True)
        finally:
            # Not response.close(): it says that a request is over, and Django then closes our transaction's connection.
            for close in response._resource_closers:  # type: ignore[attr-defined]
                close()
    except KeyboardInterrupt:
        raise
    except OperationalError as error:
        # A lock that another holds, or a database that is away, says nothing of the view. Slowness does.
        if getattr(error.__cause__, "sqlstate", "") not in ENDED:
            raise
        return _failed(error)
    except BaseException as error:  # noqa: BLE001 (the candidate's fault is a result, and touches nobody)
        return _failed(error)


def _failed(error: BaseException) -> Answer:
    logger.info("The way that is compared failed: %s", type(error).__name__)
    return Answer(500, failure=type(error).__name__)


def answer_to(error: Exception, request: HttpRequest) -> Answer:
    """What Django answers where a view raises this one of ``ANSWERED_BY_DJANGO``."""
    return answer_of(response_for_exception(request, error))


def answer_of(response: HttpResponseBase, whole: bool = False) -> Answer:
    """A response as it is compared.

    A stream is read only where that is asked for, and has no body otherwise; nor has a long body, so that what waits to
    be compared does not fill the memory.
    """
    headers = {name.lower(): value for name, value in response.items()}
    if response.cookies:
        headers["set-cookie"] = "\n".join(sorted(cookie.OutputString() for cookie in response.cookies.values()))
    body: bytes | None = None
    if isinstance(response, HttpResponse):
        body = response.content if whole or len(response.content) <= MOST_BODY else None
    elif whole and isinstance(response, StreamingHttpResponse):
        body = async_to_sync(_read_async)(response) if response.is_async else _read(response)
    return Answer(response.status_code, headers, body)


class _Parts:
    """The parts of a stream, up to the limits."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0
        self._until = time.monotonic() + STREAM_SECONDS

    def take(self, part: bytes) -> bool:
        """Keep a part. Return ``False`` where the stream goes beyond the limits."""
        self._parts.append(part)
        self._length += len(part)
        return self._length <= MOST_STREAMED and time.monotonic() <= self._until

    def body(self) -> bytes:
        return b"".join(self._parts)


def _read(response: StreamingHttpResponse) -> bytes | None:
    parts = _Parts()
    return parts.body() if all(parts.take(part) for part in response) else None


async def _read_async(response: StreamingHttpResponse) -> bytes | None:
    """The same of an asynchronous stream. Its synchronous parts are run in this thread, so in our transaction."""
    parts, stream = _Parts(), aiter(response)
    try:
        async for part in stream:
            if not parts.take(part):
                return None
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()
    return parts.body()
