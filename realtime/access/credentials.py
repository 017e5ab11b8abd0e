"""What an open connection is let in by: a session, or a credential of another kind that an application registers.

A connection lives no longer than its credential. That a credential has ended is an event of the log
(``SessionEnded``, ``CredentialEnded``). The hub's sweep asks ``living`` for those that ended without a word.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.contrib.sessions.models import Session
from django.utils import timezone

SESSION = "session"

Living = Callable[[Collection[str]], set[str]]
Owner = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Credential:
    """The ``key`` of a credential and its ``kind``.

    ``auth_hash``: the hash of the account's password that it was issued for, where it ends with that password.
    """

    kind: str
    key: str = field(repr=False)
    auth_hash: str = field(default="", repr=False)

    @property
    def digest(self) -> str:
        """Its name in the log."""
        return digest_of(self.key)


class _Kind(NamedTuple):
    living: Living
    owner: Owner


def digest_of(key: str) -> str:
    """A credential's name in the log: the SHA-256 of its key in hex, since whoever reads the key could use it."""
    return hashlib.sha256(key.encode()).hexdigest()


def register_credential(kind: str, living: Living, owner: Owner) -> None:
    """Let connections be opened with credentials of this kind.

    ``living`` is given keys and returns those that are still valid, in a fixed number of queries. ``owner`` is given a
    key, which may be invented, and returns the active user to whom it belongs, or ``None``.
    """
    _kinds[kind] = _Kind(living, owner)


def owner_of(kind: str, key: str) -> Any:
    """The active user to whom a key belongs; ``None`` for a key that is not valid or of a kind nobody registered."""
    known = _kinds.get(kind)
    return known.owner(key) if known else None


def living(credentials: Iterable[Credential]) -> set[tuple[str, str]]:
    """The kind and the key of those of these credentials that are still valid. A query or so for each kind."""
    keys: dict[str, set[str]] = {}
    for credential in credentials:
        keys.setdefault(credential.kind, set()).add(credential.key)
    return {(kind, key) for kind, asked in keys.items() if kind in _kinds for key in _kinds[kind].living(asked)}


def is_living(credential: Credential) -> bool:
    """Whether one credential is still valid."""
    return (credential.kind, credential.key) in living([credential])


def living_sessions(session_keys: Collection[str]) -> set[str]:
    """The session keys among these that are neither deleted nor expired."""
    alive = Session.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    return set(alive.values_list("session_key", flat=True))


_kinds: dict[str, _Kind] = {SESSION: _Kind(living_sessions, lambda key: None)}  # the site's middleware reads sessions
