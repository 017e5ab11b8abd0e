"""The app's start-up: what realtime needs to know of messaging is registered here."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"
    label = "communication"
    verbose_name = "Messages"
    default_auto_field = "django.db.models.BigAutoField"

    def import_models(self) -> None:
        super().import_models()
        from .attachments import models  # noqa: F401 (messaging/models.py cannot, since attachments are built on it)

    def ready(self) -> None:
        from realtime.access import audience

        # Declaring the events enters them in the catalogue.
        from . import attached, events, membership  # noqa: F401
        from .attachments import events as attachment_events  # noqa: F401
        from .attachments.sent import StoredAttachments

        audience.register(membership.granted_keys)
        attached.register(StoredAttachments())
