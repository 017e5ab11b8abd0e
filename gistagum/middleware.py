"""What is answered or mended before anything else looks at a request."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.utils import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import split_domain_port, validate_host
from django.utils.http import is_same_domain

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


def own_origin_only(application: Application, refuse: Application) -> Application:
    """WebSocket handshakes of the site's own pages go on, those of other pages are refused.

    A browser sends the session along from every page of the same host, whatever its port, and of hosts beside it.
    """

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        named = {name: value.decode("latin1").lower() for name, value in scope["headers"]}
        allowed = is_own_origin(named.get(b"origin", ""), named.get(b"host", ""))
        await (application if allowed else refuse)(scope, receive, send)

    return serve


def is_own_origin(origin: str, host: str) -> bool:
    """Whether a page of this origin may listen at this host: those that may, by Django's rule, send forms there.

    That is the host's own origin and ``CSRF_TRUSTED_ORIGINS`` (of which ``https://*.name`` means every host below).
    """
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    if origin == f"{'https' if settings.HTTPS else 'http'}://{host}":
        return True
    scheme, _, name = origin.partition("://")
    for trusted in settings.CSRF_TRUSTED_ORIGINS:
        trusted_scheme, _, pattern = trusted.lower().partition("://")
        if scheme == trusted_scheme and is_same_domain(name, pattern.removeprefix("*")):
            return True
    return False
