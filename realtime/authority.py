"""What people may see right now, read for many of them at once."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.utils import timezone

from . import audience
from .rollout import grants
from .rollout.transport import Decision


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person as the servers see them: who, what keys they hold, what their session must match, by which transport."""

    user_id: int
    keys: frozenset[str]
    auth_hash: str
    transport: Decision


def load(user_ids: Collection[int]) -> dict[int, Viewer]:
    """The viewers among these users; inactive and deleted ones are left out. A fixed number of queries."""
    users = list(get_user_model().objects.filter(pk__in=user_ids, is_active=True).only("password", "is_staff"))
    if not users:
        return {}
    keys = audience.keys_of([user.pk for user in users])
    transports = grants.decisions(users)
    return {
        user.pk: Viewer(user.pk, keys[user.pk], user.get_session_auth_hash(), transports[user.pk]) for user in users
    }


def living_sessions(session_keys: Collection[str]) -> set[str]:
    """Those of the session keys that are neither deleted nor expired."""
    alive = Session.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    return set(alive.values_list("session_key", flat=True))


def session_digest(session_key: str) -> str:
    """What stands for a session in the log: SHA-256 in hex, since a key itself would let its reader in."""
    return hashlib.sha256(session_key.encode()).hexdigest()
