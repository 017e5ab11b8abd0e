"""The app's start-up."""

from django.apps import AppConfig


class CommServiceConfig(AppConfig):
    name = "comm_service"
    verbose_name = "Communication API"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import cors, events  # noqa: F401 (declaring the events enters them in realtime's catalogue)

        cors.connect()
