"""A log that no flood fills: what is said of requests is said a few times a minute for each kind, and then counted."""

import logging
import threading
import time
from collections.abc import Callable

SECONDS = 60
LINES = 10  # of a kind in a minute
REFUSED = 1  # of those that say that somebody was refused
KINDS = 1_000
TOO_MANY_REQUESTS = 429
TALKATIVE = ("django.", "gunicorn.", "daphne.")


class LogThrottle(logging.Filter):
    """Lets so many lines of a kind through in a minute; the next one after that says how many were left out.

    Only of what anybody can cause by a request: what Django and the servers say of one, and that somebody was refused.
    A kind is who says it, how loud, about which status, and the beginning of the words before their arguments. Errors
    always pass, except those about requests for other hosts. That somebody was told to come later (429) is said by
    whoever refused them.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._lock = threading.Lock()
        self._kinds: dict[tuple, list[float]] = {}  # kind -> since when, how many passed, how many were left out

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written; may add to it what was left out before."""
        status = getattr(record, "status_code", None)
        if status == TOO_MANY_REQUESTS:
            return False
        if record.levelno >= logging.ERROR and not record.name.startswith("django.security"):
            return True
        words = str(record.msg)
        refused = words.startswith("Refused, ")
        if not refused and not record.name.startswith(TALKATIVE):
            return True
        kind = (record.name, record.levelno, status, words[:24])
        most = REFUSED if refused else LINES
        now = self._now()
        with self._lock:
            if len(self._kinds) > KINDS:
                self._kinds.clear()
            seen = self._kinds.setdefault(kind, [now, 0, 0])
            if now - seen[0] >= SECONDS:
                left_out = int(seen[2])
                seen[:] = [now, 0, 0]
                if left_out:
                    record.msg = f"{words} ({left_out} more like it since the last one)"
            if seen[1] >= most:
                seen[2] += 1
                return False
            seen[1] += 1
            return True
