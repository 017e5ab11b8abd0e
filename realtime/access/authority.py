"""What people may see right now, read for many of them at once."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.sessions.models import Session
from django.utils import timezone

from . import accounts, audience
from .accounts import Account

Assignment = Callable[[Collection[Account]], Mapping[int, Any]]

_assignments: dict[str, Assignment] = {}


def register_assignment(name: str, assign: Assignment) -> None:
    """Give viewers one thing more that is decided for each of them, as the transport is by the rollout.

    ``assign`` gets active accounts and returns a value for each, by id; a viewer has it in ``assignments[name]``. It is
    asked for many people at once and must cost a fixed number of queries.
    """
    _assignments[name] = assign


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person as the servers see them: who, what keys they hold, their password's hash, what is assigned to them."""

    user_id: int
    keys: frozenset[str]
    password: str = field(repr=False)
    assignments: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def auth_hash(self) -> str:
        """What their session must carry. Worked out when a connection asks: for everybody in each sweep, it would be
        the better half of it."""
        return accounts.auth_hash(self.user_id, self.password)


def load(user_ids: Collection[int]) -> dict[int, Viewer]:
    """The viewers among these users; inactive and deleted ones are left out. A fixed number of queries."""
    found = accounts.read(user_ids)
    if not found:
        return {}
    keys = audience.keys_of(found)
    assigned = {name: assign(found) for name, assign in _assignments.items()}
    return {
        one.pk: Viewer(one.pk, keys[one.pk], one.password, {name: values[one.pk] for name, values in assigned.items()})
        for one in found
    }


def living_sessions(session_keys: Collection[str]) -> set[str]:
    """Those of the session keys that are neither deleted nor expired."""
    alive = Session.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    return set(alive.values_list("session_key", flat=True))


def session_digest(session_key: str) -> str:
    """What stands for a session in the log: SHA-256 in hex, since a key itself would let its reader in."""
    return hashlib.sha256(session_key.encode()).hexdigest()
