"""The WebSocket addresses of the office."""

from django.urls import path

from .consumers import EventsConsumer, NotificationConsumer, ProjectUpdateConsumer

websocket_urlpatterns = [
    path("ws/notifications/", NotificationConsumer.as_asgi()),
    path("ws/projects/", ProjectUpdateConsumer.as_asgi()),
    path("ws/events/", EventsConsumer.as_asgi()),
]
