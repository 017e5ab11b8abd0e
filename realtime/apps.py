"""The application's wiring: what a package needs from the packages above it is registered here."""

from django.apps import AppConfig, apps


class RealtimeConfig(AppConfig):
    name = "realtime"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .delivery.hub import hub
        from .integration import checks, signals
        from .log.numberer import numberer

        if apps.is_installed("django.contrib.admin"):  # a site without people has none
            from .integration import admin  # noqa: F401 (importing the administration registers it)
        numberer.add_waker(lambda: hub.wake())  # looked up each time, since tests replace it
        signals.connect_signals()
        checks.register_checks()
