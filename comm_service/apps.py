"""The app's start-up."""

from django.apps import AppConfig
from django.db.models.signals import post_delete


class CommServiceConfig(AppConfig):
    name = "comm_service"
    verbose_name = "Communication API"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from switchover import moves

        from . import cors, events  # noqa: F401 (declaring the events enters them in realtime's catalogue)
        from .documents.downloading import row_deleted
        from .models import Document
        from .move import CommApi
        from .websocket.listening import register

        cors.connect()
        post_delete.connect(row_deleted, sender=Document, dispatch_uid="comm_service.document_deleted")
        register()
        moves.register(CommApi())
