"""The addresses of the communication API, for a site to include at its root."""

from django.urls import path, re_path

from . import front
from .api import docs
from .health import health

urlpatterns = [
    path("comm/health", health, name="comm_health"),
    path("comm/api/docs", docs.page, name="comm_docs"),
    path("api/docs", docs.page, name="comm_docs_short"),
    path("comm/api/openapi.json", docs.openapi, name="comm_openapi"),
    re_path(r"^comm/api(?:/|$)", front.serve, name="comm_api"),
]
