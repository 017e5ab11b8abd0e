"""Every address of the office: pages by role, forms, files and streams."""

from django.urls import include, path

from . import sse
from .views import status

realtime = [
    path("notifications/", sse.notifications, name="stream_notifications"),
    path("dashboard/", sse.dashboard, name="stream_dashboard"),
    path("projects/", sse.projects, name="stream_projects"),
    path("projects/<int:project_id>/", sse.project, name="stream_project"),
    path("events/", sse.events, name="stream_events"),
    path("status/", status.status, name="realtime_status"),
]

urlpatterns = [
    path("projeng/api/realtime/", include(realtime)),
]
