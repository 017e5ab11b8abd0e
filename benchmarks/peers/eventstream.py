"""django-eventstream under Daphne, with events from another process through Redis, as in its documentation.

BENCH_VARIANT ``stored`` enables its storage in the database (BENCH_FOLDER), from which clients can catch up.
"""

import os
import time

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import include, path

redis = os.environ["REDIS_URL"].removeprefix("redis://").split("/")[0].split(":")
STORED = os.environ.get("BENCH_VARIANT") == "stored"
settings.configure(
    SECRET_KEY="only-a-peer",
    ALLOWED_HOSTS=["127.0.0.1"],
    INSTALLED_APPS=["daphne", "django.contrib.contenttypes", "django.contrib.auth", "django_eventstream"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["BENCH_FOLDER"] + "/eventstream.sqlite3",
            "OPTIONS": {
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
            },
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    EVENTSTREAM_REDIS={"host": redis[0], "port": int(redis[1]), "db": 0},
    ROOT_URLCONF=__name__,
    **({"EVENTSTREAM_STORAGE_CLASS": "django_eventstream.storage.DjangoModelStorage"} if STORED else {}),
)
django.setup()

import django_eventstream  # noqa: E402 (reads the settings when it is imported)

urlpatterns = [path("events/", include(django_eventstream.urls), {"channels": ["projects"]})]
application = get_asgi_application()


class Publisher:
    """``send_event`` from another process."""

    def __init__(self) -> None:
        from django.core.management import call_command

        call_command("migrate", verbosity=0)

    def one(self, event: dict) -> float:
        """Send one event, and return the time of the simulated commit."""
        committed = time.monotonic()
        django_eventstream.send_event("projects", "message", event)
        return committed

    def burst(self, events: list[dict]) -> None:
        """Send many events, one after the other."""
        for event in events:
            self.one(event)
