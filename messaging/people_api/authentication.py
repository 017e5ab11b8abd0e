"""Whose request it is, by the token in its ``Authorization`` header.

Clients write ``Token KEY`` or ``Bearer KEY``. Both mean the same row of DRF's token table.
"""

from typing import Any

from rest_framework.authentication import TokenAuthentication
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from realtime.access.credentials import Credential
from realtime.access.identity import Identity, of_session
from realtime.transports.presented import TOKEN, presented

INVALID = "Invalid token."


class HeaderTokenAuthentication(TokenAuthentication):
    """DRF's authentication by token, which takes ``Bearer`` beside ``Token`` and looks up nothing that is no key."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return the person and the token, or ``None`` without such a header. Raise AuthenticationFailed (401)."""
        found = presented({}, request.META.get("HTTP_AUTHORIZATION", ""), {})
        if found is None:
            return None
        if not found.key:
            raise AuthenticationFailed(INVALID)
        person, token = self.authenticate_credentials(found.key)
        return person, token


def identity_of(request: Request) -> Identity | None:
    """Who asks, and the token or session that let them in."""
    if isinstance(request.auth, Token):
        return Identity(request.user, Credential(TOKEN, request.auth.key))
    return of_session(request.user, request._request.session)
