"""The app's start-up: its events enter realtime's catalogue, and it hears of deleted documents."""

from django.apps import AppConfig
from django.db.models.signals import post_delete


class CommServiceConfig(AppConfig):
    name = "comm_service"
    verbose_name = "Communication API"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import events  # noqa: F401
        from .documents.downloading import row_deleted
        from .models import Document
        from .websocket.listening import register

        post_delete.connect(row_deleted, sender=Document, dispatch_uid="comm_service.document_deleted")
        register()
