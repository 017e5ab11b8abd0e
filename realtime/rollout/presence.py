"""Presence of server processes: each reports in the database that it runs, its switches and its connections.

Commands and the control room so know what is in force, and not only what their own environment says. Times are by the
database's clock, so that a server with a wrong clock neither seems dead nor expires others.
"""

import logging
import os
import socket
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import Error, connection
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from ..delivery.hub import hub
from .models import ConnectionSample, ServerProcess

logger = logging.getLogger(__name__)

BEAT_SECONDS = 15.0
GONE_SECONDS = 40.0  # who has not been seen for so long no longer serves
SAMPLE_SECONDS = 60.0
PRUNE_SECONDS = 3600.0
KEPT = timedelta(days=1)  # rows of processes that are gone
SAMPLES_KEPT = timedelta(days=7)


class Presence:
    """The thread that reports this process."""

    def __init__(self) -> None:
        self.key = uuid4().hex
        self._started_at = timezone.now()
        self._thread: threading.Thread | None = None
        self._next_sample = self._next_pruning = 0.0

    def start(self) -> None:
        """Start reporting. Calling it twice is harmless."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="realtime-presence", daemon=True)
            self._thread.start()

    def beat(self) -> None:
        """Report once: the row of this process, and once a minute a sample of its connections."""
        open_now = Counter(hub.transports())
        now = {"seen_at": Now(), "sse": open_now["sse"], "websocket": open_now["websocket"]}
        if not ServerProcess.objects.filter(key=self.key).update(**now):  # one query, for as long as it lives
            ServerProcess.objects.create(
                key=self.key,
                server=server_name(),
                host=socket.gethostname()[:255],
                pid=os.getpid(),
                started_at=self._started_at,
                version=settings.CODE_VERSION,
                switches=settings.SWITCHES,
                **now,
            )
        if time.monotonic() >= self._next_sample:
            self._next_sample = time.monotonic() + SAMPLE_SECONDS
            counts = {"sse": open_now["sse"], "websocket": open_now["websocket"]}
            ConnectionSample.objects.create(process=self.key, at=Now(), **counts)
        if time.monotonic() >= self._next_pruning:
            self._next_pruning = time.monotonic() + PRUNE_SECONDS
            ServerProcess.objects.filter(seen_at__lt=Now() - KEPT).delete()
            ConnectionSample.objects.filter(at__lt=Now() - SAMPLES_KEPT).delete()

    def leave(self) -> None:
        """Remove the row of this process, which ends."""
        ServerProcess.objects.filter(key=self.key).delete()

    def _run(self) -> None:
        failed = False
        while True:
            ending = hub.closing
            try:
                if ending:
                    self.leave()
                else:
                    self.beat()
                failed = False
            except Error as error:
                if not failed:  # the hub says when the database is back
                    logger.warning("This process cannot say that it lives: %s", str(error).strip())
                failed = True
            finally:
                connection.close()
            if ending:
                return
            hub.wait_for_end(BEAT_SECONDS)


def server_name() -> str:
    """The name of the serving program: ``gunicorn``, ``daphne``, ``uvicorn``, or another."""
    name = Path(sys.argv[0]).parent.name if Path(sys.argv[0]).name == "__main__.py" else Path(sys.argv[0]).name
    return name[:16] or "python"


def alive() -> QuerySet[ServerProcess]:
    """The processes that serve now, oldest first."""
    seen_since = Now() - timedelta(seconds=GONE_SECONDS)
    return ServerProcess.objects.filter(seen_at__gte=seen_since).order_by("started_at")


presence = Presence()
