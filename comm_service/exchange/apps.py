"""The start-up of the exchange: new rows are announced, where there is somebody to announce them to."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "comm_service.exchange"
    label = "comm_exchange"
    verbose_name = "Exchange of events"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from comm_service import services

        from .outbox import created

        services.follow_created(created)
