"""The application's wiring: what a package needs from the packages above it is registered here."""

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    name = "realtime"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .access import authority
        from .delivery import topics
        from .delivery.hub import hub
        from .integration import admin, checks, signals  # noqa: F401 (importing the administration registers it)
        from .log.numberer import numberer
        from .rollout import grants
        from .rollout import signals as rollout_signals

        numberer.add_waker(lambda: hub.wake())  # looked up each time, since tests replace it
        authority.register_assignment(grants.ASSIGNMENT, grants.decisions)
        topics.register_viewer_frame(grants.frame_for)
        signals.connect_signals()
        rollout_signals.connect_signals()
        checks.register_checks()
