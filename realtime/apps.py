"""Wiring of the delivery app."""

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    name = "realtime"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .integration import checks, signals

        signals.connect_signals()
        checks.register_checks()
