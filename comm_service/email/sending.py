"""One try to send one e-mail."""

import logging
import time
from collections.abc import Callable
from enum import Enum
from uuid import UUID

from django.db import Error, connection

from . import claiming, composing, delivering
from .claiming import Claim
from .delivering import Result

logger = logging.getLogger(__name__)

RECORD_TRIES = 5
RECORD_PAUSE_SECONDS = 1.0


class Outcome(Enum):
    """What a try came to."""

    SENT = "sent"
    FAILED = "failed"  # certainly not sent: it is tried again, or has failed for good
    UNKNOWN = "unknown"
    NOT_OURS = "not ours"  # not due, gone, or somebody else's


def send(email_id: UUID) -> Outcome:
    """Claim a row, hand it over, and record what became of it. Raise Django's database errors, with nothing sent.

    What a server has accepted and the database cannot record is UNKNOWN, and stays ``sending``.
    """
    held = claiming.claim(email_id)
    if held is None:
        return Outcome.NOT_OURS
    try:
        message = composing.compose(held.email)
        with delivering.opened() as opened:
            if not claiming.hand_over(held):
                claiming.give_back(held)
                return Outcome.NOT_OURS
            delivery = delivering.deliver(opened, message)
    except composing.RefusedError as refusal:
        claiming.record_failure(held, str(refusal), final=True)
        return Outcome.FAILED
    except Error:
        raise
    except Exception as fault:
        if not isinstance(fault, delivering.FAULTS):
            logger.exception("An e-mail could not be composed: %s", email_id)
        claiming.record_failure(held, delivering.described(fault))
        return Outcome.FAILED
    if delivery.result is Result.UNKNOWN:
        words = f"It is unknown whether the server has accepted it: {delivery.words}"
        _record(held, lambda: claiming.record_unknown(held, words))
        return Outcome.UNKNOWN
    if delivery.result is Result.NOT_ACCEPTED:
        recorded = _record(held, lambda: claiming.record_failure(held, delivery.words or "Not accepted."))
        return Outcome.FAILED if recorded else Outcome.UNKNOWN
    recorded = _record(held, lambda: claiming.record_sent(held, delivery.words))
    return Outcome.SENT if recorded else Outcome.UNKNOWN


def _record(held: Claim, write: Callable[[], None]) -> bool:
    """Record what became of a message, with some patience: without it the row stays ``sending``."""
    for rest in reversed(range(RECORD_TRIES)):
        try:
            write()
        except Error:
            connection.close()
            if not rest:
                logger.exception("The outcome of an e-mail is not recorded; it stays 'sending': %s", held.email.pk)
                return False
            time.sleep(RECORD_PAUSE_SECONDS)
        else:
            return True
    return False
