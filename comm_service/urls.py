"""The addresses of the communication API, for a site to include at its root."""

from django.urls import path, re_path

from . import front
from .api import docs
from .documents.content import content
from .health import health
from .websocket.stream import events

urlpatterns = [
    path("comm/documents/<uuid:document_id>/content", content, name="comm_document_content"),
    path("comm/events/<str:user_id>/", events, name="comm_events"),
    path("comm/health", health, name="comm_health"),
    path("comm/api/docs", docs.page, name="comm_docs"),
    path("api/docs", docs.page, name="comm_docs_short"),
    path("comm/api/openapi.json", docs.openapi, name="comm_openapi"),
    re_path(r"^comm/api(?:/|$)", front.serve, name="comm_api"),
]
