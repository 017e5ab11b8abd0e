"""The addresses of the communication API where it is served alone."""

from typing import Any

from django.urls import include, path, re_path

from comm_service.elsewhere import elsewhere
from comm_service.health import health

urlpatterns = [
    path("", include("comm_service.urls")),
    path("health", health),
    re_path("", elsewhere),
]
handler500 = "gistagum.errors.server_error"
websocket_urlpatterns: list[Any] = []
