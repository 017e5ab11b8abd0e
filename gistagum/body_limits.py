"""Rejection of requests whose body exceeds the site's limit, before the body is stored.

Django writes an uploaded form to disk before a view can check it, and under ASGI it does so with any body. Daphne
writes the whole body to disk before it calls Django (gistagum/servers/daphne_bodies.py).
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

Message = MutableMapping[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]

FORM_MB = 2  # allowed for the other fields of a form, besides its file
REFUSAL = b"The request is larger than this site accepts.\n"


def max_request_bytes() -> int:
    """The maximum size of a request body, in bytes."""
    # What is somewhat too large for an API is refused by that API, in its own form, and so has to reach it.
    largest = [settings.UPLOAD_MAX_MB, 2 * settings.MESSAGE_ATTACHMENT_MAX_MB]
    if settings.COMM_ENABLED:
        largest.append(2 * settings.COMM_DOCUMENT_MAX_MB)
    return (max(largest) + FORM_MB) * 2**20


def _length(text: str | bytes) -> int:
    try:
        return int(text or 0)
    except ValueError:
        return 0  # an invalid header is reported by the code that reads the body


class BodyMiddleware:
    """Respond with 413 to a request whose Content-Length exceeds the limit. Under WSGI its body is not read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if _length(request.META.get("CONTENT_LENGTH", "")) > max_request_bytes():
            return HttpResponse(REFUSAL, status=413, content_type="text/plain")
        return self.get_response(request)


class _TooLarge(Exception):
    """The body exceeds the limit. The rest of it is not awaited."""


def bounded_bodies(application: Application) -> Application:
    """Wrap an ASGI application: respond with 413 once the declared or the received size exceeds the limit."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        received, responded = 0, False

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > max_request_bytes():
                raise _TooLarge
            return message

        async def send_noted(message: Message) -> None:
            nonlocal responded
            responded = True
            await send(message)

        try:
            if _length(declared) > max_request_bytes():
                raise _TooLarge
            await application(scope, receive_limited, send_noted)
        except _TooLarge:
            if not responded:
                headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
                await send({"type": "http.response.start", "status": 413, "headers": headers})
                await send({"type": "http.response.body", "body": REFUSAL})

    return serve
