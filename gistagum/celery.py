"""For the ``celery`` command: ``celery -A gistagum worker``. The site's settings, and the application's tasks."""

import sys
from pathlib import Path

from .startup import load_settings

load_settings()

from django.conf import settings  # noqa: E402

if settings.CELERY_BROKER_URL == "filesystem://":
    for name in ("data_folder_in", "control_folder"):
        Path(settings.CELERY_BROKER_TRANSPORT_OPTIONS[name]).mkdir(parents=True, exist_ok=True)
Path(settings.CELERY_BEAT_SCHEDULE_FILENAME).parent.mkdir(parents=True, exist_ok=True)
if not settings.COMM_ENABLED:
    sys.exit("gistagum: COMM_ENABLED is false; Celery works for the communication API alone: set COMM_ENABLED=true.")

from comm_service.email.celery import app  # noqa: E402

__all__ = ["app"]
