"""Streaming an answer that is made in parts, under WSGI and ASGI alike.

Under ASGI, Django would read a generator to its end before it sends anything, so there the parts are made one by one in
the request's thread, while the event loop sends.
"""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, StreamingHttpResponse


def streamed(request: HttpRequest, parts: Iterator[bytes]) -> StreamingHttpResponse:
    """A JSON answer whose parts are made while it is sent."""
    body = _one_by_one(parts) if isinstance(request, ASGIRequest) else parts
    return StreamingHttpResponse(body, content_type="application/json")


async def _one_by_one(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    make = sync_to_async(_next)
    while (part := await make(parts)) is not None:
        yield part


def _next(parts: Iterator[bytes]) -> bytes | None:
    try:
        return next(parts, None)
    finally:
        close_old_connections()  # a client that leaves may end the request here
