"""The WebSocket URL patterns of the chat."""

from django.urls import path

from .sockets.first import FirstChat, FirstNotifications
from .sockets.second import SecondChat, SecondNotifications

websocket_urlpatterns = [
    path("ws/chat/", FirstChat.as_asgi()),
    path("ws/notifications/", FirstNotifications.as_asgi()),
    path("ws/v1/chat/", FirstChat.as_asgi()),
    path("ws/v1/notifications/", FirstNotifications.as_asgi()),
    path("ws/v2/chat/", SecondChat.as_asgi()),
    path("ws/v2/notifications/", SecondNotifications.as_asgi()),
]
