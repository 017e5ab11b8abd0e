"""Signing in and out, and changing one's password."""

from django.contrib.auth import views
from django.contrib.messages.views import SuccessMessageMixin
from django.urls import reverse_lazy

from ..forms.sign_in import SignInForm


class SignIn(views.LoginView):
    """The sign-in page; who is signed in already goes on to their home page."""

    template_name = "accounts/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


class SignOut(views.LogoutView):
    """Signs out; by POST only, so that no link or image can do it."""

    http_method_names = ["post", "options"]


class PasswordChange(SuccessMessageMixin, views.PasswordChangeView):
    """A new password. This browser stays signed in, all others are signed out."""

    template_name = "accounts/password_change.html"
    success_url = reverse_lazy("profile")
    success_message = "Your password was changed. You are still signed in here, and signed out everywhere else."
