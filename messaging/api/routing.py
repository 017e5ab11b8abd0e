"""The WebSocket URL pattern of the API."""

from typing import Any

from django.urls import re_path

from .socket import ConversationsSocket

# Django's type is that of views for HTTP.
_path: Any = re_path

websocket_urlpatterns = [_path(r"^ws/?$", ConversationsSocket.as_asgi())]
