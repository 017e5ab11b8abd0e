"""The app's start-up: connects signals, and registers the audience rule and the channel layer's groups."""

from django.apps import AppConfig


class ProjengConfig(AppConfig):
    name = "projeng"
    verbose_name = "Engineering office"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.conf import settings

        from realtime.access import audience
        from realtime.channel_layer.broadcast import broadcast

        from . import access, channels_utils, inbox, signals, subscriptions

        audience.register(access.granted_keys)
        subscriptions.register()
        inbox.connect_counter()
        signals.connect_signals()
        broadcast.register(
            groups=channels_utils.groups_of,
            incoming=channels_utils.ephemeral_of,
            outgoing=channels_utils.messages_of,
        )
        if settings.WEBSOCKET_BROADCAST:
            broadcast.switch_on()
