"""How the log is kept readable by those who run the site."""

import logging

from .database import is_away


class NoForeignTracebacks(logging.Filter):
    """Takes the traceback out of what Django logs of a bad request: anybody can send those, and the fault is theirs.

    What is our own fault (``django.request`` at ERROR, an answer of 500) keeps its own.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything pass."""
        refused = record.name == "django.request" and record.levelno < logging.ERROR
        if refused or record.name.startswith("django.security"):
            record.exc_info = record.exc_text = None
        return True


class OneLine(logging.Filter):
    """Makes one line of a fault of the database: its traceback would say no more, and come again with each request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Take the traceback of such a fault away, and see to it that the fault itself is told."""
        error = record.exc_info[1] if record.exc_info else None
        if is_away(error):
            said = record.getMessage()
            told = said if str(error) in said else f"{said}: {error}"
            record.msg, record.args = "%s", (" ".join(told.split()),)
            record.exc_info = record.exc_text = None
        return True
