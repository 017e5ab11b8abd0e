"""The app's start-up: what realtime needs to know of messaging is registered here."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"
    label = "communication"
    verbose_name = "Messages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from realtime.access import audience

        from . import events, membership  # noqa: F401 (declaring the events enters them in the catalogue)

        audience.register(membership.granted_keys)
