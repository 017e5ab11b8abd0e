"""The application's wiring: what realtime needs to know of the move of transports is registered here."""

from django.apps import AppConfig


class SwitchoverConfig(AppConfig):
    name = "switchover"
    verbose_name = "Moves"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from realtime.access import authority
        from realtime.delivery import topics

        from . import moves
        from .transport import grants, signals
        from .transport.move import TransportMove

        moves.register(TransportMove())

        authority.register_assignment(grants.ASSIGNMENT, grants.decisions)
        topics.register_viewer_frame(grants.frame_for)
        signals.connect_signals()
