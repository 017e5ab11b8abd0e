"""System checks: configurations with which delivery could not keep its promises."""

from collections.abc import Sequence
from typing import Any

from channels.layers import get_channel_layer
from django.apps.config import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.db import connections


def known_order(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Ids follow commit order only on databases for which there is a numbering (realtime/log/numbering.py)."""
    vendor = connections["default"].vendor
    if vendor in {"sqlite", "postgresql"}:
        return []
    return [
        Error(
            f"The order of the event log is not assured on {vendor}.",
            hint="Set DATABASE_URL to a postgres:// or sqlite:// address.",
            id="realtime.E001",
        )
    ]


def callback_layer(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Broadcasting needs a channel layer that calls back (realtime/channel_layer/backends.py)."""
    layer = get_channel_layer()
    if layer is None or all(hasattr(type(layer), name) for name in ("subscribe", "unsubscribe", "send_many")):
        return []
    return [
        Error(
            f"The groups of {type(layer).__module__}.{type(layer).__name__} cannot be followed.",
            hint="Set the BACKEND of CHANNEL_LAYERS to a layer of realtime.channel_layer.backends.",
            id="realtime.E002",
        )
    ]


def register_checks() -> None:
    """Called once, when the app is ready."""
    register(known_order)
    register(callback_layer)
