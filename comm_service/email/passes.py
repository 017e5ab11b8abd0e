"""A pass over the queue: every e-mail that is due is tried once, here or by Celery's workers."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from . import claiming, unconfirmed
from .sending import Outcome, send

logger = logging.getLogger(__name__)

MOST = 1000  # e-mails of a pass; the rest is for the next one
PASS_SECONDS = 240.0  # a pass ends before the next one begins, also when the mail server hardly answers


def due_ids(most: int = MOST) -> list[UUID]:
    """The ids of the e-mails to try now, the longest due first. Also looks after what earlier workers left."""
    now = timezone.now()
    claiming.remove_ended(now)
    unconfirmed.explain(now)
    return list(claiming.free(now).values_list("pk", flat=True)[:most])


def run(most: int = MOST, stopped: Callable[[], bool] = lambda: False) -> Counter[Outcome]:
    """Try each e-mail that is due, one after the other. Return how many tries had which outcome.

    What is wrong with one of them holds up no other. Raise Django's errors of a database that is away.
    """
    begun = time.monotonic()
    outcomes: Counter[Outcome] = Counter()
    for email_id in due_ids(most):
        if stopped() or time.monotonic() - begun > PASS_SECONDS:
            break
        try:
            outcomes[send(email_id)] += 1
        except (OperationalError, InterfaceError):  # the database is away
            raise
        except Exception:
            logger.exception("An e-mail could not be tried: %s", email_id)
            outcomes[Outcome.FAILED] += 1
    return outcomes
