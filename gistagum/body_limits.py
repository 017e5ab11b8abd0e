"""Requests that are larger than any that the site has a use for are refused before they are kept.

Django writes whatever is sent with a form to the disk before anybody can judge it, under ASGI even what is sent with no
form; and Daphne writes all of it before it asks Django at all (gistagum/servers/daphne_bodies.py).
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

Message = MutableMapping[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]

FORM_MB = 2  # what a form may hold besides its file
REFUSAL = b"The request is larger than this site accepts.\n"


def largest() -> int:
    """How many bytes a request may send."""
    return (settings.UPLOAD_MAX_MB + FORM_MB) * 2**20


def _length(text: str | bytes) -> int:
    try:
        return int(text or 0)
    except ValueError:
        return 0  # whoever reads the body says what is wrong with it


class BodyMiddleware:
    """413 for a request that says it is too large. Under WSGI none of it has been read then."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if _length(request.META.get("CONTENT_LENGTH", "")) > largest():
            return HttpResponse(REFUSAL, status=413, content_type="text/plain")
        return self.get_response(request)


class _TooLarge(Exception):
    """What is still coming is not waited for."""


def bounded_bodies(application: Application) -> Application:
    """The same ASGI application, which is asked about no request that says, or turns out, to be too large."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        said = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        taken, answered = 0, False

        async def receive_some() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > largest():
                raise _TooLarge
            return message

        async def send_on(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            if _length(said) > largest():
                raise _TooLarge
            await application(scope, receive_some, send_on)
        except _TooLarge:
            if not answered:
                headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
                await send({"type": "http.response.start", "status": 413, "headers": headers})
                await send({"type": "http.response.body", "body": REFUSAL})

    return serve
