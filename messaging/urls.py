"""The addresses of the APIs for programs, which a site mounts below ``/api/v1/``."""

from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.permissions import AllowAny

urlpatterns = [
    path("", include("messaging.people_api.urls")),
    path("", include("messaging.attachments.urls")),
    path("", include("messaging.api.urls")),
    path("communication/", include("messaging.chat.urls")),
    path("communication/", include("messaging.notices.urls")),
    path("schema/", SpectacularJSONAPIView.as_view(permission_classes=[AllowAny]), name="api_schema"),
]
