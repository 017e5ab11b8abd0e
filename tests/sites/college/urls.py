"""The URLs of the college's site."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from projeng.forms.sign_in import AdminSignInForm, SignInForm

admin.site.login_form = AdminSignInForm
SIGN_IN = {"template_name": "college/login.html", "authentication_form": SignInForm}

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/login/", LoginView.as_view(**SIGN_IN), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("api/v1/", include("messaging.urls")),
]

handler404 = "messaging.people_api.errors.not_found"
handler500 = "gistagum.errors.server_error"
