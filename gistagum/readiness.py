"""Whether the database and the static files are as this code needs them: migrated and collected.

A server may start before another one has prepared them (``SKIP_MIGRATE``). It then answers 503, looks every second and
begins to serve by itself, instead of answering every page with an error and ``/health/`` with OK.
"""

import asyncio
import logging
import random
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from realtime.transports.refusal import refusal

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # between two looks
FIRST_SECONDS = 5.0  # how long a request waits for the first look
RETRY_SECONDS = (3, 10)  # Retry-After is a random value in this range, so that browsers do not return all at once

Application = Callable[[Any, Any, Any], Awaitable[None]]


class Readiness:
    """What a server process waits for. A process that does not serve waits for nothing."""

    def __init__(self) -> None:
        self._problem = ""
        self._known = threading.Event()  # the first look is over
        self._known.set()
        self._thread: threading.Thread | None = None
        self.settled = True  # nothing is waited for, and no more looks are needed
        self.on_ready: list[Callable[[], None]] = []  # called before the first page, where something was missing

    def start(self, then: Callable[[], None]) -> None:
        """Begin to look, and call ``then`` once everything is there. Calling it twice is harmless."""
        if settings.DEBUG:  # a developer's migration may wait
            then()
        elif self._thread is None:
            self.settled = False
            self._known.clear()
            self._thread = threading.Thread(target=self._run, args=(then,), name="readiness", daemon=True)
            self._thread.start()

    def problem(self) -> str:
        """Why nothing can be served yet; empty where it can be, or where the database does not say."""
        if not self.settled:
            self._known.wait(FIRST_SECONDS)
        return self._problem

    def _run(self, then: Callable[[], None]) -> None:
        waited = False
        while not self.settled:
            found, answered = self._look()
            if found and not waited:
                waited = True
                logger.warning("This server waits, nobody has prepared the site (manage.py prepare): %s.", found)
            if answered and not found:
                self._settle(waited)
            else:
                self._problem = found
            self._known.set()
            if not self.settled:
                time.sleep(LOOK_SECONDS)
        then()

    def _look(self) -> tuple[str, bool]:
        """What is missing, and whether that is known."""
        try:
            return missing_files() or missing_migrations(), True
        except DatabaseError:  # requests say what is wrong with it
            return "", False
        except Exception:
            logger.exception("This server cannot see whether the site is prepared, and serves it.")
            return "", True
        finally:
            connection.close()

    def _settle(self, waited: bool) -> None:
        if waited:
            for call in self.on_ready:
                call()
            logger.info("The site is prepared, this server serves it.")
        self._problem = ""
        self.settled = True


def missing_migrations() -> str:
    """The migrations that are not applied, in words."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"the database lacks {len(plan)} migrations, the first of them {plan[0][0]}" if plan else ""


def missing_files() -> str:
    """The static files that are not collected, in words."""
    if not isinstance(staticfiles_storage, ManifestFilesMixin):
        return ""
    try:
        collected, _ = staticfiles_storage.load_manifest()
    except ValueError:  # it is being written
        collected = {}
    ignored = apps.get_app_config("staticfiles").ignore_patterns
    wanted = {path for finder in get_finders() for path, _ in finder.list(ignored)}
    lacking = sorted(path for path in wanted if not staticfiles_storage.exists(collected.get(path) or path + ".none"))
    where = settings.STATIC_ROOT
    return f"{where} lacks {len(lacking)} static files, the first of them {lacking[0]}" if lacking else ""


def read_manifest() -> None:
    """Read again which static files are collected."""
    if isinstance(staticfiles_storage, ManifestFilesMixin):
        staticfiles_storage.hashed_files, staticfiles_storage.manifest_hash = staticfiles_storage.load_manifest()


readiness = Readiness()
readiness.on_ready.append(read_manifest)


class ReadinessMiddleware:
    """Respond with 503 until the site is prepared."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if readiness.settled or not readiness.problem():
            return self.get_response(request)
        words, retry = (
            "The site is being prepared. Try again in a moment.",
            {"Retry-After": str(random.randint(*RETRY_SECONDS))},
        )
        # Not a template of ours: they name static files.
        plain = HttpResponse(words, status=503, headers=retry, content_type="text/plain")
        return said_already(refusal(503, words, **retry) if "/api/" in request.path else plain)


def refused_until_ready(application: Application) -> Application:
    """Wrap an ASGI application: reject handshakes until the site is prepared. Browsers then reconnect."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if readiness.settled or not await asyncio.to_thread(readiness.problem):
            await application(scope, receive, send)
        else:
            await send({"type": "websocket.close"})

    return serve


def said_already(response: HttpResponse) -> HttpResponse:
    """Keep Django from writing a line for each of these."""
    response._has_been_logged = True
    return response
