"""The URLs of the site, except for /health/ (gistagum/middleware.py)."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.permissions import AllowAny

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("messaging.people_api.urls")),
    path("api/v1/communication/", include("messaging.chat.urls")),
    path("api/v1/communication/", include("messaging.notices.urls")),
    path("api/v1/schema/", SpectacularJSONAPIView.as_view(permission_classes=[AllowAny]), name="api_schema"),
    path("api/v1/", include("messaging.attachments.urls")),
    path("api/v1/", include("messaging.api.urls")),
    path("", include("realtime.control.urls")),
    path("messages/", include("messaging.page.urls")),
    path("", include("projeng.urls")),
]

handler404 = "messaging.people_api.errors.not_found"
handler500 = "gistagum.errors.server_error"
