"""The forms for a name and a password, the site's and the administration's, within the limits of projeng/sign_in.py."""

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError

from .. import sign_in


class _Limited:
    """Checks the password only where one may be tried now; else says when."""

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


class SignInForm(_Limited, AuthenticationForm):
    """The site's."""


class AdminSignInForm(_Limited, AdminAuthenticationForm):
    """The administration's."""
