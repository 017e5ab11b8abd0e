"""The WebSocket URL patterns of the office."""

from django.urls import path

from .consumers import EventsConsumer, NotificationConsumer, ProjectUpdateConsumer

SOCKET_PATH = "/ws/events/"  # the path that pages connect to

websocket_urlpatterns = [
    path("ws/notifications/", NotificationConsumer.as_asgi()),
    path("ws/projects/", ProjectUpdateConsumer.as_asgi()),
    path(SOCKET_PATH.lstrip("/"), EventsConsumer.as_asgi()),
]
