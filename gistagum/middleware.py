"""What is answered or mended before anything else looks at a request."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.utils import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]
Application = Callable[[Any, Any, Any], Awaitable[None]]
SESSION_KEY = re.compile(r"[a-z0-9]{32}")


class HealthMiddleware:
    """``/health/``, for load balancers, containers and scripts: ``OK`` when this process can serve.

    Ahead of everything else, since those who ask know neither our host names nor a session.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info != "/health/":
            return self.get_response(request)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except DatabaseError as error:
            return HttpResponse(f"database: {type(error).__name__}", status=503, content_type="text/plain")
        return HttpResponse("OK", content_type="text/plain")


class SessionCookieMiddleware:
    """Drops a session cookie that cannot be one of ours, before it reaches the database.

    Cookies are unquoted, so one may hold any character; PostgreSQL refuses a NUL with an error, not with "no such row".
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        drop_foreign_session(request.COOKIES)
        return self.get_response(request)


def drop_foreign_session(cookies: MutableMapping[str, str]) -> None:
    """Take a session cookie that cannot be one of ours out of a request's cookies."""
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    if key is not None and not SESSION_KEY.fullmatch(key):
        del cookies[settings.SESSION_COOKIE_NAME]


def own_session_only(application: Application) -> Application:
    """The same for WebSocket handshakes, behind Channels' CookieMiddleware."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        drop_foreign_session(scope["cookies"])
        await application(scope, receive, send)

    return serve
