"""The WebSocket URL patterns of the communication API: also below ``/comm``, and without the slash at the end."""

from typing import Any

from django.urls import re_path

from .consumer import NotificationsSocket

# Django's type is that of views for HTTP.
_path: Any = re_path

websocket_urlpatterns = [
    _path(r"^(?:comm/)?ws/notifications/(?P<user_id>[^/]+)/?$", NotificationsSocket.as_asgi()),
]
