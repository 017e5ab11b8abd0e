"""The application's wiring: what a package needs from the packages above it is registered here."""

from django.apps import AppConfig, apps


class RealtimeConfig(AppConfig):
    name = "realtime"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .access import authority
        from .delivery import topics
        from .delivery.hub import hub
        from .integration import checks, signals
        from .log.numberer import numberer
        from .rollout import grants
        from .rollout import signals as rollout_signals

        if apps.is_installed("django.contrib.admin"):  # a site without people has none
            from .integration import admin  # noqa: F401 (importing the administration registers it)
        numberer.add_waker(lambda: hub.wake())  # looked up each time, since tests replace it
        authority.register_assignment(grants.ASSIGNMENT, grants.decisions)
        topics.register_viewer_frame(grants.frame_for)
        signals.connect_signals()
        rollout_signals.connect_signals()
        checks.register_checks()
