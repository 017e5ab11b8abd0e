"""The sign-in forms of the site and of the admin, with the rate limits of projeng/sign_in.py."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError

from .. import sign_in


class _RateLimitedMixin:
    """Checks the password within the rate limits, else reports the time until the next attempt."""

    def clean(self) -> dict[str, Any]:
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not name or not password:
            return super().clean()
        try:
            with sign_in.attempt(self.request, name):
                return super().clean()
        except sign_in.Refused as refused:
            self.request.sign_in_wait = refused.seconds
            seconds = "a second" if refused.seconds == 1 else f"{refused.seconds} seconds"
            raise ValidationError(f"{refused} Please wait {seconds}, then try again.", code="too_often") from None


class SignInForm(_RateLimitedMixin, AuthenticationForm):
    """The sign-in form of the site."""


class AdminSignInForm(_RateLimitedMixin, AdminAuthenticationForm):
    """The sign-in form of the admin."""
