"""The app's start-up: what realtime needs to know of messaging is registered here."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"
    label = "communication"
    verbose_name = "Messages"
    default_auto_field = "django.db.models.BigAutoField"

    def import_models(self) -> None:
        super().import_models()
        from .live import models  # noqa: F401 (messaging/models.py cannot, which what is beside them builds on)

    def ready(self) -> None:
        from realtime.access import audience

        from . import events, membership  # noqa: F401 (declaring the events enters them in the catalogue)
        from .live import registering

        audience.register(membership.granted_keys)
        registering.register()
