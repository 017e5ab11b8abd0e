"""Middleware for HTTP and WebSocket handshakes: connections, the health check, session cookies, the Origin header."""

import logging
import re
import warnings
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, NamedTuple

from django.conf import settings
from django.db import close_old_connections, connection
from django.db.utils import Error
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import split_domain_port, validate_host
from django.utils.http import is_same_domain
from whitenoise.middleware import WhiteNoiseMiddleware

from . import request_threads
from .database_fitness import writable
from .database_reasons import in_one_line, reason_of
from .readiness import readiness, said_already

GetResponse = Callable[[HttpRequest], HttpResponseBase]
Application = Callable[[Any, Any, Any], Awaitable[None]]
logger = logging.getLogger(__name__)
ONLY_READS = "read-only"
SESSION_KEY = re.compile(r"[a-z0-9]{32}")


class ConnectionMiddleware:
    """Give the connection with the database back in the thread that used it, however the request ends.

    Meanwhile the connection is one of those that requests may have (gistagum/postgresql.py).

    Django does so when the request is finished. Under ASGI nobody finishes a request that the server has ended while
    its thread was still at work, because its client had left. The pool would count that connection as in use for ever.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with request_threads.answering():
            try:
                return self.get_response(request)
            finally:
                close_old_connections()


class HealthMiddleware:
    """Respond to ``/health/`` with ``OK`` when this process can serve pages and read and write the database, else 503.

    Load balancers, containers and scripts request it. It precedes other middleware, since these clients know neither
    an allowed host name nor a session.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._fault: Fault | None = None

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info != "/health/":
            return self.get_response(request)
        fault = database_fault()
        if fault and not (self._fault and self._fault.kind == fault.kind):  # once for each
            logger.warning("The database cannot be used. %s", fault.words)
        self._fault = fault
        if fault:
            return HttpResponse(f"database: {fault.kind}", status=503, content_type="text/plain")
        if problem := readiness.problem():
            return said_already(HttpResponse(f"not prepared: {problem}", status=503, content_type="text/plain"))
        return HttpResponse("OK", content_type="text/plain")


class Fault(NamedTuple):
    """Why this process cannot work with the database: in a few words for everybody, and in a line for the log."""

    kind: str
    words: str


def database_fault() -> Fault | None:
    """Return why this process cannot read and write the database now, if it cannot."""
    try:
        if connection.vendor == "sqlite":
            connection.ensure_connection()
            words = f"{connection.settings_dict['NAME']} and its folder may not be written."
            return None if writable(connection) else Fault(ONLY_READS, words)
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            if cursor.fetchone() != ("on",):
                return None
        connection.connection.drain_pool()  # the next ones may write
        return Fault(ONLY_READS, "PostgreSQL only reads.")
    except Error as error:
        reason = reason_of(error)
        return Fault(reason.kind if reason else type(error).__name__, in_one_line(error))


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, which also finds files that are collected after the server has started."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # no such folder: ``readiness`` says so
            super().__init__(*arguments, **options)
        readiness.on_ready.append(partial(self.add_files, self.static_root, prefix=self.static_prefix))


class SessionCookieMiddleware:
    """Drop a malformed session cookie before it is used in a query.

    Cookies are unquoted, so one may contain any character. PostgreSQL responds to a NUL with an error and not with an
    empty result.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        drop_malformed_session(request.COOKIES)
        return self.get_response(request)


def drop_malformed_session(cookies: MutableMapping[str, str]) -> None:
    """Remove the session cookie from a request's cookies if it does not have the form of a session key."""
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    if key is not None and not SESSION_KEY.fullmatch(key):
        del cookies[settings.SESSION_COOKIE_NAME]


def without_malformed_session(application: Application) -> Application:
    """Wrap an ASGI application like ``SessionCookieMiddleware``. Channels' CookieMiddleware must be outside of it."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        drop_malformed_session(scope["cookies"])
        await application(scope, receive, send)

    return serve


def with_allowed_origin(application: Application, refuse: Application) -> Application:
    """Wrap an ASGI application: pass WebSocket handshakes of other origins to ``refuse``.

    A browser sends the session cookie from every page of the same host, on any port, and of sibling hosts.
    """

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        headers = {name: value.decode("latin1").lower() for name, value in scope["headers"]}
        allowed = is_allowed_origin(headers.get(b"origin", ""), headers.get(b"host", ""))
        await (application if allowed else refuse)(scope, receive, send)

    return serve


def with_allowed_origin_if_any(application: Application, refuse: Application) -> Application:
    """Wrap an ASGI application: pass WebSocket handshakes of pages whose origin is not allowed to ``refuse``.

    For addresses at which no cookie counts: programs, which name no origin, may connect, and so may pages of
    ``CORS_ALLOWED_ORIGINS``.
    """

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        headers = {name: value.decode("latin1").lower() for name, value in scope["headers"]}
        origin = headers.get(b"origin", "")
        allowed = not origin or origin in settings.CORS_ALLOWED_ORIGINS
        allowed = allowed or is_allowed_origin(origin, headers.get(b"host", ""))
        await (application if allowed else refuse)(scope, receive, send)

    return serve


def with_allowed_host(application: Application, refuse: Application) -> Application:
    """Wrap an ASGI application: pass WebSocket handshakes for a host that is not ours to ``refuse``."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin1").lower()
        domain, _ = split_domain_port(host)
        allowed = bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)
        await (application if allowed else refuse)(scope, receive, send)

    return serve


def is_allowed_origin(origin: str, host: str) -> bool:
    """Return whether a page of ``origin`` may open a WebSocket to ``host``. The rule is Django's rule for CSRF.

    Allowed are the host's own origin and ``CSRF_TRUSTED_ORIGINS``, where ``https://*.name`` means every subdomain.
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
