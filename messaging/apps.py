"""The app's start-up: what realtime needs to know of messaging is registered here."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"
    label = "communication"
    verbose_name = "Messages"
    default_auto_field = "django.db.models.BigAutoField"

    def import_models(self) -> None:
        super().import_models()
        # messaging/models.py cannot: what it holds is beneath them.
        from .attachments import models as of_attachments  # noqa: F401
        from .chat import models as of_chat  # noqa: F401
        from .idempotency import models as of_idempotency  # noqa: F401
        from .live import models as of_live  # noqa: F401

    def ready(self) -> None:
        from realtime.access import audience

        # Declaring the events enters them in the catalogue.
        from . import attached, events, membership  # noqa: F401
        from .attachments import discarded
        from .attachments import events as attachment_events  # noqa: F401
        from .attachments.sent import StoredAttachments
        from .live import registering
        from .people_api import tokens

        audience.register(membership.granted_keys)
        attached.register(StoredAttachments())
        discarded.connect()
        registering.register()
        tokens.connect()
