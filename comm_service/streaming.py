"""Bodies of answers: those that are made in parts while they are sent, under WSGI and ASGI alike, and those of HEAD.

Under ASGI, Django would read a generator to its end before it sends anything, so there the parts are made one by one in
the request's thread, while the event loop sends.
"""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse


def streamed(request: HttpRequest, parts: Iterator[bytes]) -> StreamingHttpResponse:
    """A JSON answer whose parts are made while it is sent."""
    body = _one_by_one(parts) if isinstance(request, ASGIRequest) else parts
    return StreamingHttpResponse(body, content_type="application/json")


def without_body(response: HttpResponseBase) -> HttpResponseBase:
    """The answer to HEAD: the same headers and no body. Daphne would send what is beyond the first part of a body."""
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = _nothing() if response.is_async else iter(())
    elif isinstance(response, HttpResponse):
        if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
            response.render()
        response.headers.setdefault("Content-Length", str(len(response.content)))
        response.content = b""
    return response


async def _nothing() -> AsyncIterator[bytes]:
    parts: tuple[bytes, ...] = ()
    for part in parts:
        yield part


async def _one_by_one(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    make = sync_to_async(_next)
    while (part := await make(parts)) is not None:
        yield part


def _next(parts: Iterator[bytes]) -> bytes | None:
    try:
        return next(parts, None)
    finally:
        close_old_connections()  # a client that leaves may end the request here
