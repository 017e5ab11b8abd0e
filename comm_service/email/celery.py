"""The Celery application. ``gistagum/celery.py`` gives it to the ``celery`` command, with the site's settings."""

from celery import Celery

app = Celery("comm_service", set_as_current=True)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["comm_service.email"])
