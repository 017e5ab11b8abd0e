"""The addresses of the communication API, for a site to include at its root."""

from django.urls import path, re_path

from . import front
from .health import health

urlpatterns = [
    path("comm/health", health, name="comm_health"),
    re_path(r"^comm/api/", front.serve, name="comm_api"),
]
