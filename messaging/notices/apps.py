"""The start-up of notices: who holds the key of a tenant is registered with the audience rule."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "messaging.notices"
    label = "communication_notices"
    verbose_name = "Notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from realtime.access import audience

        from . import events, tenants  # noqa: F401 (declaring the event enters it in the catalogue)

        audience.register(tenants.granted_keys)
