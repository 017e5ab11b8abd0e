"""Gunicorn for pages and SSE: streams have their own share of the threads (docs/architecture/servers.md, "Threads")."""

from django.conf import settings
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from gistagum.startup import check_database, load_settings

load_settings()

worker_class = "gthread"
# One thread for each stream that SSE_MAX_STREAMS admits, and WEB_THREADS that no stream can ever take.
threads = settings.SSE_MAX_STREAMS + settings.WEB_THREADS
# Connections that wait between two requests hold no thread, but count: let there be room for them.
worker_connections = threads + 1000
timeout = 60  # a worker whose main loop is silent for so long is replaced; streams do not touch that loop
graceful_timeout = 8
keepalive = 5
control_socket_disable = True  # its path is one for all sites of a user; signals do what we need
# Gunicorn's own lines look like all others (LOG_LEVEL, LOG_FORMAT).
logconfig_dict = {
    **settings.LOGGING,
    "loggers": {
        **settings.LOGGING["loggers"],
        "gunicorn.error": {"level": settings.LOG_LEVEL, "handlers": ["stderr"], "propagate": False},
    },
}


def on_starting(server: Arbiter) -> None:
    """Refuse a database that cannot work, once and not in each worker. Daphne and Uvicorn do so in gistagum/asgi.py."""
    check_database()


def post_worker_init(worker: Worker) -> None:
    """Whatever ends a worker ends its streams too; without this it would wait for them until it is killed."""
    from gistagum.servers.gunicorn_worker import end_streams_with

    end_streams_with(worker)
