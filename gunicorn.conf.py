"""Gunicorn for pages and SSE: threads, of which streams have their own share (docs/architecture.md, "Threads")."""

import threading

from django.conf import settings
from gunicorn.workers.base import Worker

worker_class = "gthread"
# One thread for each stream that SSE_MAX_STREAMS admits, and WEB_THREADS that no stream can ever take.
threads = settings.SSE_MAX_STREAMS + settings.WEB_THREADS
# Connections that wait between two requests hold no thread, but count: let there be room for them.
worker_connections = threads + 1000
timeout = 60  # a worker whose main loop is silent for so long is replaced; streams do not touch that loop
graceful_timeout = 8
keepalive = 5
control_socket_disable = True  # its path is one for all sites of a user; signals do what we need
loglevel = settings.LOG_LEVEL.lower()


def _end_streams() -> None:
    from realtime.hub import hub

    hub.close()


def post_worker_init(worker: Worker) -> None:
    """SIGTERM ends the streams too; without this the worker would wait for them until it is killed."""
    import signal

    def stop(signum: int, frame: object) -> None:
        # Not in the handler itself: the hub's lock may be held by whatever was interrupted.
        threading.Thread(target=_end_streams, name="end-streams").start()
        worker.handle_exit(signum, frame)

    signal.signal(signal.SIGTERM, stop)


def worker_int(worker: Worker) -> None:
    """Ctrl-C and SIGQUIT: the process can only end when no thread is left in a stream."""
    _end_streams()
