"""The WebSocket URL patterns of the college's site."""

from messaging.routing import websocket_urlpatterns

__all__ = ["websocket_urlpatterns"]
