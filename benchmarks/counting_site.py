"""The site with a counter of its queries, which it reports at ``/bench/queries``.

``application`` is an ASGI or WSGI application, depending on BENCH_INTERFACE.
"""

import itertools
import json
import os
import time
from collections.abc import Callable
from typing import Any

from django.db.backends.signals import connection_created

ADDRESS = "/bench/queries"
_all, _log = itertools.count(), itertools.count()
_seen = {"all": 0, "log": 0}


def _count(execute: Callable, sql: str, params: Any, many: bool, context: dict) -> Any:
    _seen["all"] = next(_all) + 1
    if sql.startswith("SELECT") and 'FROM "realtime_event"' in sql and "MAX(" not in sql:
        _seen["log"] = next(_log) + 1
    return execute(sql, params, many, context)


def _install_counter(connection: Any, **kwargs: Any) -> None:
    if _count not in connection.execute_wrappers:
        connection.execute_wrappers.append(_count)


connection_created.connect(_install_counter)


def _counts() -> bytes:
    return json.dumps({"process": os.getpid(), "at": time.monotonic(), **_seen}).encode()


def _wsgi() -> Callable:
    from gistagum.wsgi import application as site

    def application(environ: dict, start_response: Callable) -> Any:
        if environ["PATH_INFO"] != ADDRESS:
            return site(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [_counts()]

    return application


def _asgi() -> Callable:
    from gistagum.asgi import application as site

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != ADDRESS:
            await site(scope, receive, send)
            return
        body = _counts()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    return application


application = _asgi() if os.environ["BENCH_INTERFACE"] == "asgi" else _wsgi()
