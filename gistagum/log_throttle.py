"""A rate limit for log records that requests can cause, so that a flood of requests does not fill the log."""

import logging
import threading
import time
from collections.abc import Callable

SECONDS = 60
LINES = 10  # records of one kind in a minute
REFUSED_LINES = 1  # records about one kind of refusal in a minute
MAX_KINDS = 1_000
TOO_MANY_REQUESTS = 429
REQUEST_LOGGERS = ("django.", "gunicorn.", "daphne.")


class LogThrottle(logging.Filter):
    """Pass ``LINES`` records of a kind in a minute. The next record after that minute says how many were dropped.

    The limit applies only to records that any client can cause with a request: those of Django and of the servers, and
    those about refusals. A kind is the logger, the level, the status and the beginning of the message before its
    arguments are inserted. Errors always pass, except those about invalid hosts (``django.security``). Records about
    a 429 are dropped: the code that refuses the request logs it.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._lock = threading.Lock()
        self._kinds: dict[tuple, list[float]] = {}  # kind -> start of its minute, records passed, records dropped

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write the record. May append the number of dropped records to its message."""
        status = getattr(record, "status_code", None)
        if status == TOO_MANY_REQUESTS:
            return False
        if record.levelno >= logging.ERROR and not record.name.startswith("django.security"):
            return True
        message = str(record.msg)
        refused = message.startswith("Refused, ")
        if not refused and not record.name.startswith(REQUEST_LOGGERS):
            return True
        kind = (record.name, record.levelno, status, message[:24])
        limit = REFUSED_LINES if refused else LINES
        now = self._now()
        with self._lock:
            if len(self._kinds) > MAX_KINDS:
                self._kinds.clear()
            seen = self._kinds.setdefault(kind, [now, 0, 0])
            if now - seen[0] >= SECONDS:
                dropped = int(seen[2])
                seen[:] = [now, 0, 0]
                if dropped:
                    record.msg = f"{message} ({dropped} more like it since the last one)"
            if seen[1] >= limit:
                seen[2] += 1
                return False
            seen[1] += 1
            return True
