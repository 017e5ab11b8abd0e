"""Reads the log as a test wants it: complete."""

from django.db.models import QuerySet

from realtime.log import replay
from realtime.log.models import Event


def logged() -> QuerySet[Event]:
    """The events of the log, once everything that is committed has its place (for the limit see tests/conftest.py)."""
    replay.head()
    return Event.objects.all()
