"""How the log is kept readable by those who run the site."""

import logging


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
