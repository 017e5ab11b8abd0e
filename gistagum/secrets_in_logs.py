"""Tokens, tickets and signatures in addresses are not written to logs."""

import logging
import re
from collections.abc import MutableMapping
from typing import Any

# The loggers in which servers name addresses, with handlers that are not ours: Gunicorn, Uvicorn (sockets in its log of
# errors), Hypercorn, Daphne as Django's runserver.
ACCESS_LOGS = (
    "gunicorn.access",
    "gunicorn.error",
    "uvicorn.access",
    "uvicorn.error",
    "hypercorn.access",
    "hypercorn.error",
    "django.server",
    "django.channels.server",
)
NAMES = ("token", "ticket", "signature")


def _spellings(name: str) -> str:
    """A pattern for a parameter's name, each letter as it is or percent-encoded."""
    return "".join(f"(?:{letter}|%{ord(letter):x}|%{ord(letter.upper()):x})" for letter in name)


_SECRET = re.compile(
    rf"([?&;](?:{'|'.join(map(_spellings, NAMES))})=)(?:(?:Bearer|Token)\s+)?[^&#;\s\"'<>]+", re.IGNORECASE
)


def redacted(text: str) -> str:
    """The text with ``…`` for each token, ticket and signature in an address."""
    return _SECRET.sub(r"\1…", text)


class RedactSecrets(logging.Filter):
    """Redact a record: its message, and its arguments one by one, since some formatters look at them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record. Every record passes."""
        if isinstance(record.msg, str):
            record.msg = redacted(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(_redacted(value) for value in record.args)
        elif isinstance(record.args, MutableMapping):  # Gunicorn's, whose class matters to its messages
            for name, value in list(record.args.items()):
                record.args[name] = _redacted(value)
        return True


class RedactMessage(RedactSecrets):
    """The same for our own handlers, which format the message: also what an argument turns into as text."""

    def filter(self, record: logging.LogRecord) -> bool:
        super().filter(record)
        message = record.getMessage()
        if (safe := redacted(message)) != message:
            record.msg, record.args = "%s", (safe,)
        if record.exc_info and not record.exc_text:
            text = logging.Formatter().formatException(record.exc_info)
            if (safe := redacted(text)) != text:
                record.exc_text = safe
        return True


def redact_access_logs() -> None:
    """Redact what the servers write to their own access logs. Calling it twice is harmless."""
    for name in ACCESS_LOGS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, RedactSecrets) for known in logger.filters):
            logger.addFilter(RedactSecrets())


def _redacted(value: Any) -> Any:
    return redacted(value) if isinstance(value, str) else value
