"""Tokens as credentials of live connections: a stream or socket that a token has opened ends with it.

However a token's row is deleted (by signing out, with the account), the log says so in the same transaction.
"""

from collections.abc import Collection
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models.signals import post_delete
from rest_framework.authtoken.models import Token

from realtime.access.credentials import register_credential
from realtime.integration.signals import credential_ended
from realtime.transports.presented import TOKEN


def connect() -> None:
    """Let connections be opened with tokens. Called once, when the app is ready."""
    register_credential(TOKEN, living, owner)
    post_delete.connect(_ended, sender=Token, dispatch_uid="messaging.token_ended")


def living(keys: Collection[str]) -> set[str]:
    """Return the keys among these that are tokens."""
    return set(Token.objects.filter(key__in=keys).values_list("key", flat=True))


def owner(key: str) -> Any:
    """Return the active person whose token this is, or ``None``."""
    return get_user_model()._default_manager.filter(auth_token__key=key, is_active=True).first()


def _ended(instance: Token, **_: Any) -> None:
    credential_ended(TOKEN, instance.key)
