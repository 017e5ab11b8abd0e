"""The start-up of the e-mail queue: a new row wakes the thread that sends, where there is one."""

from django.apps import AppConfig


class EmailConfig(AppConfig):
    name = "comm_service.email"
    label = "comm_email"
    verbose_name = "E-mail queue"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from comm_service import services

        from .celery import app  # noqa: F401 (tasks find their application)
        from .embedded import created

        services.follow_created(created)
