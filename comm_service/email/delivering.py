"""Handing a message over to a mail server, and what became of it: accepted, certainly not accepted, or unknown."""

import contextlib
import logging
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.core.mail import EmailMessage, get_connection

logger = logging.getLogger(__name__)

# What a connection may raise. smtplib's exceptions are OSErrors; ValueError: text that cannot be encoded.
FAULTS = (OSError, ValueError)
CUT_OFF = (smtplib.SMTPServerDisconnected, ConnectionError, TimeoutError)


class Result(Enum):
    """What became of a message."""

    ACCEPTED = "the server has it"
    NOT_ACCEPTED = "the server certainly has it not"
    UNKNOWN = "the connection ended before the server said whether it has it"


@dataclass(frozen=True)
class Delivery:
    """The result, and the server's words: why not, or which of several recipients it refused."""

    result: Result
    words: str | None = None


@contextlib.contextmanager
def opened() -> Iterator[Any]:
    """A connection of the back end that EMAIL_URL names, connected. Raise one of FAULTS if it cannot connect."""
    connection = get_connection()
    connection.open()
    try:
        yield connection
    finally:
        with contextlib.suppress(Exception):  # what it was used for is known by now
            connection.close()


def deliver(connection: Any, message: EmailMessage) -> Delivery:
    """Send a message over an open connection. Raises nothing: after this, the result is all that is known."""
    client = getattr(connection, "connection", None)
    try:
        connection.send_messages([message])
    except Exception as fault:
        expected = isinstance(fault, FAULTS)
        if not expected:
            logger.exception("An e-mail could not be written.")
        # An answer of the server is certain; so is the end of a connection before the content was begun.
        unanswered = (isinstance(fault, CUT_OFF) or not expected) and getattr(client, "content_begun", True)
        return Delivery(Result.UNKNOWN if unanswered else Result.NOT_ACCEPTED, described(fault))
    refused = getattr(client, "refused", None)
    return Delivery(Result.ACCEPTED, f"Refused: {_answers(refused)}" if refused else None)


def described(fault: BaseException) -> str:
    """The words of a fault, with the kind of it, for ``last_error``."""
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        words = f"Refused: {_answers(fault.recipients)}"
    elif isinstance(fault, smtplib.SMTPResponseException):
        words = f"{fault.smtp_code} {_text(fault.smtp_error)}"
    else:
        words = str(fault)
    return f"{type(fault).__name__}: {words}".strip().rstrip(":")


def _answers(refused: dict[str, tuple[int, bytes]]) -> str:
    return "; ".join(f"{address} ({code} {_text(words)})" for address, (code, words) in refused.items())


def _text(words: bytes | str) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else words
