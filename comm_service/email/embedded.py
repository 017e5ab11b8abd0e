"""A thread of the server's process that sends e-mails where no Celery worker does: without Redis, on one machine."""

import logging
import threading

from django.conf import settings
from django.db import connection, models, transaction

from ..models import EmailQueue
from . import passes

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 1.0  # what is posted within it is sent in one pass
FAULT_SECONDS = 30.0  # after a fault, of the database for example, until the next pass
STOP_SECONDS = 5.0


class Embedded:
    """The thread. Several processes may have one: a row is claimed by one of them."""

    def __init__(self) -> None:
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start it, where the settings ask for it and it does not run yet."""
        if not settings.COMM_EMAIL_EMBEDDED or (self._thread and self._thread.is_alive()):
            return
        self._ended.clear()
        self._thread = threading.Thread(target=self._run, name="comm-email", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it after the e-mail that it is sending."""
        self._ended.set()
        self._woken.set()
        if self._thread:
            self._thread.join(STOP_SECONDS)

    def wake(self) -> None:
        """Look at the queue now."""
        self._woken.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._woken.clear()
            wait = float(settings.COMM_EMAIL_EVERY_SECONDS)
            try:
                passes.run(stopped=self._ended.is_set)
            except Exception:  # nothing starts this thread again
                logger.exception("A pass over the queue of e-mails failed. It is tried again.")
                wait = min(wait, FAULT_SECONDS)
            finally:
                connection.close()
            if self._woken.wait(wait):
                self._ended.wait(SETTLE_SECONDS)


embedded = Embedded()


def start() -> None:
    """Start the thread of this process. For SERVER_STARTS of the settings."""
    embedded.start()


def created(row: models.Model) -> None:
    """Look at the queue as soon as the transaction that has made this e-mail is committed."""
    if isinstance(row, EmailQueue) and row.scheduled_at is None:
        transaction.on_commit(embedded.wake)
