"""Viewers without an account at this site: users of another service, whose tokens an application checks by itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outsider:
    """A user of another service, as an open connection has them.

    ``name`` identifies them, together with ``kind``, a word of the application's. ``keys`` are what they hold
    (realtime/access/audience.py) for as long as the connection's credential is valid: nothing about them is read from
    the database, and no change of an account, group or assignment concerns them.
    """

    kind: str
    name: str
    keys: frozenset[str]

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def pk(self) -> "Outsider":
        """Their id for delivery, which is never equal to that of an account."""
        return self
