"""Whose request it is, by the token in its ``Authorization`` header.

Clients write ``Token KEY`` or ``Bearer KEY``. Both mean the same row of DRF's token table.
"""

import re
from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

SCHEMES = ("token", "bearer")
KEY = re.compile(r"[!-~]{1,40}")  # what the column can hold: another text must not reach the database
INVALID = "Invalid token."


class HeaderTokenAuthentication(TokenAuthentication):
    """DRF's authentication by token, which takes ``Bearer`` beside ``Token`` and looks up nothing that is no key."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return the person and the token, or ``None`` without such a header. Raise AuthenticationFailed (401)."""
        key = key_of(request)
        return None if key is None else self.authenticate_credentials(key)

    def authenticate_credentials(self, key: str) -> tuple[Any, Any]:
        """Return the person and the token of a key. Raise AuthenticationFailed for a key that is nobody's."""
        if not KEY.fullmatch(key):
            raise AuthenticationFailed(INVALID)
        return super().authenticate_credentials(key)


def key_of(request: Request | HttpRequest) -> str | None:
    """Return the key in the ``Authorization`` header; ``None`` where the header is missing or of another scheme."""
    scheme, _, key = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
    return key.strip() if scheme.lower() in SCHEMES else None
