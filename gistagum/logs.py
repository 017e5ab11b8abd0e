"""Logging filters that remove tracebacks which do not help an operator."""

import logging

from .database import is_unavailable
from .database_reasons import reason_of


class NoForeignTracebacks(logging.Filter):
    """Remove the traceback from records about invalid requests, which any client can send.

    Records about our own errors (``django.request`` at ERROR, a response of 500) keep their traceback.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove the traceback if the record is about an invalid request. Every record passes."""
        refused = record.name == "django.request" and record.levelno < logging.ERROR
        if refused or record.name.startswith("django.security"):
            record.exc_info = record.exc_text = None
        return True


class OneLine(logging.Filter):
    """Reduce records about an unavailable database to one line, with what to do about it.

    The traceback adds nothing and would recur often.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the traceback of such an error by its message. Every record passes."""
        error = record.exc_info[1] if record.exc_info else None
        if is_unavailable(error):
            message = record.getMessage()
            text = message if str(error) in message else f"{message}: {error}"
            reason = reason_of(error)
            if reason and reason.advice not in text:
                text = f"{text.rstrip('.')}: {reason.advice}."
            record.msg, record.args = "%s", (" ".join(text.split()),)
            record.exc_info = record.exc_text = None
        return True
