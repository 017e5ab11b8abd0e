"""The session of a request that is asked again: what the caller's held, and nothing done to it is kept."""

import copy
from typing import Any

from django.contrib.sessions.backends.base import SessionBase


class OwnSession(SessionBase):
    """A session in memory. ``of``: the caller's session, which is read when this one is, if it was not read before."""

    def __init__(self, of: SessionBase) -> None:
        super().__init__(of.session_key)
        # Its own attribute is read, since asking for the property would read the store.
        known = of._held if isinstance(of, OwnSession) else vars(of).get("_session_cache")
        self._held: dict[str, Any] | None = None if known is None else dict(known)
        self._store: type[SessionBase] = of._store if isinstance(of, OwnSession) else type(of)

    def load(self) -> dict[str, Any]:
        """What the caller's session holds."""
        if self._held is None:
            self._held = self._store(self.session_key).load()
        return copy.deepcopy(self._held)

    def exists(self, session_key: str) -> bool:
        """Whether there is a session of this key: none but the caller's."""
        return False

    def create(self) -> None:
        """Begin a session with a new key."""
        self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Keep nothing."""

    def delete(self, session_key: str | None = None) -> None:
        """Delete nothing."""

    @classmethod
    def clear_expired(cls) -> None:
        """There is nothing to clear."""
