"""Who opens a connection, and by which credential."""

from typing import Any, NamedTuple

from .credentials import SESSION, Credential, owner_of


class Identity(NamedTuple):
    """An active ``user``, and the ``credential`` with which the connection ends."""

    user: Any
    credential: Credential


def of_session(user: Any, session: Any) -> Identity | None:
    """The identity of somebody who is signed in with a session; ``None`` for everybody else."""
    if not user.is_authenticated:
        return None
    return Identity(user, Credential(SESSION, session.session_key or "", user.get_session_auth_hash()))


def of_key(kind: str, key: str) -> Identity | None:
    """The identity of whoever presents this key; ``None`` when it is not valid. Queries the database."""
    user = owner_of(kind, key)
    return Identity(user, Credential(kind, key)) if user is not None else None
