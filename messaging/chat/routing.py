"""The WebSocket URL patterns of the chat."""

from typing import Any

from django.urls import path

from .sockets.first import FirstChat, FirstNotifications
from .sockets.second import SecondChat, SecondNotifications

# Django's type is that of views for HTTP.
_path: Any = path

websocket_urlpatterns = [
    _path("ws/chat/", FirstChat.as_asgi()),
    _path("ws/notifications/", FirstNotifications.as_asgi()),
    _path("ws/v1/chat/", FirstChat.as_asgi()),
    _path("ws/v1/notifications/", FirstNotifications.as_asgi()),
    _path("ws/v2/chat/", SecondChat.as_asgi()),
    _path("ws/v2/notifications/", SecondNotifications.as_asgi()),
]
