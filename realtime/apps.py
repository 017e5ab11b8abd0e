"""The application's wiring: what a package needs from the packages above it is registered here."""

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    name = "realtime"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .delivery.hub import hub
        from .integration import admin, checks, signals  # noqa: F401 (importing the administration registers it)
        from .log.numberer import numberer

        numberer.add_waker(lambda: hub.wake())  # looked up each time, since tests replace it
        signals.connect_signals()
        checks.register_checks()
