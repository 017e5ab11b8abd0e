"""The WebSocket URL patterns of the college's site."""

from typing import Any

websocket_urlpatterns: list[Any] = []
