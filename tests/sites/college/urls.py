"""The URLs of the college's site."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.permissions import AllowAny

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/login/", LoginView.as_view(template_name="college/login.html"), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("api/v1/", include("messaging.people_api.urls")),
    path("api/v1/communication/", include("messaging.chat.urls")),
    path("api/v1/", include("messaging.attachments.urls")),
    path("api/v1/", include("messaging.api.urls")),
    path("api/v1/communication/", include("messaging.notices.urls")),
    path("api/v1/schema/", SpectacularJSONAPIView.as_view(permission_classes=[AllowAny]), name="api_schema"),
]

handler404 = "messaging.people_api.errors.not_found"
handler500 = "gistagum.errors.server_error"
