"""All wiring of the office: signals, and the rule of who may see which project's events."""

from django.apps import AppConfig


class ProjengConfig(AppConfig):
    name = "projeng"
    verbose_name = "Engineering office"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from realtime import audience

        from . import access, signals

        audience.register(access.granted_keys)
        signals.connect_signals()
