"""The URLs of the site, except for /health/ (gistagum/middleware.py)."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("messaging.urls")),
    path("", include("realtime.control.urls")),
    path("messages/", include("messaging.page.urls")),
    *([path("", include("comm_service.urls"))] if settings.COMM_ENABLED else []),
    path("", include("projeng.urls")),
]

handler404 = "messaging.people_api.errors.not_found"
handler500 = "gistagum.errors.server_error"
