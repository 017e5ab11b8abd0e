"""The views for signing in and out and for changing the password."""

from django.contrib.auth import views
from django.contrib.messages.views import SuccessMessageMixin
from django.urls import reverse_lazy

from ..forms.sign_in import SignInForm


class SignIn(views.LoginView):
    """The sign-in page. Redirects signed-in users to their home page."""

    template_name = "accounts/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


class SignOut(views.LogoutView):
    """Signs out, by POST only, so that a link or image cannot sign a user out."""

    http_method_names = ["post", "options"]


class PasswordChange(SuccessMessageMixin, views.PasswordChangeView):
    """Changes the password. This session stays valid; all other sessions of the user end."""

    template_name = "accounts/password_change.html"
    success_url = reverse_lazy("profile")
    success_message = "Your password was changed. You are still signed in here, and signed out everywhere else."
