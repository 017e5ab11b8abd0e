"""The app's start-up: declaring the events enters them in realtime's catalogue."""

from django.apps import AppConfig


class CommServiceConfig(AppConfig):
    name = "comm_service"
    verbose_name = "Communication API"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import events  # noqa: F401
