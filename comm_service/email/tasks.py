"""Celery's tasks. What is to be sent stands in the rows: a task that is lost or comes twice changes nothing."""

import logging
from uuid import UUID

from celery import shared_task
from django.conf import settings

from . import passes
from .sending import send

logger = logging.getLogger(__name__)

LEAST_SECONDS = 60  # a task waits at least so long for a worker


@shared_task(name="comm_service.send_email_task")
def send_email_task(email_id: str) -> str:
    """Try one e-mail, if it is due and nobody else is sending it. Return the outcome."""
    try:
        wanted = UUID(email_id)
    except (ValueError, AttributeError, TypeError):
        logger.warning("A task names no e-mail: %.80r", email_id)
        return "unknown id"
    return send(wanted).value


@shared_task(name="comm_service.process_pending_emails")
def process_pending_emails() -> int:
    """Queue a task for each e-mail that is due. Return how many.

    A task that has not begun when the next pass is due expires: that pass queues another one.
    """
    ids = passes.due_ids()
    for email_id in ids:
        send_email_task.apply_async((str(email_id),), expires=max(settings.COMM_EMAIL_EVERY_SECONDS, LEAST_SECONDS))
    return len(ids)
