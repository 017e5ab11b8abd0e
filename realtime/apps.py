"""Wiring of the delivery app."""

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    name = "realtime"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .integration import admin, checks, signals  # noqa: F401 (importing the administration registers it)

        signals.connect_signals()
        checks.register_checks()
