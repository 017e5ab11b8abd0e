"""The URLs of the site, except for /health/ (gistagum/middleware.py)."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("messaging.attachments.urls")),
    path("", include("realtime.control.urls")),
    path("messages/", include("messaging.page.urls")),
    path("", include("projeng.urls")),
]

handler500 = "gistagum.errors.server_error"
