"""What users may see right now, read for many of them at once."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import accounts, audience
from .accounts import Account
from .outsiders import Outsider
from .user_ids import UserId

Assignment = Callable[[Collection[Account]], Mapping[UserId, Any]]

_assignments: dict[str, Assignment] = {}


def register_assignment(name: str, assign: Assignment) -> None:
    """Add a value that is decided per user, as the rollout decides the transport.

    ``assign`` is given active accounts and returns a value for each, by user id. A viewer has it in
    ``assignments[name]``. It is called for many users at once and must use a fixed number of queries.
    """
    _assignments[name] = assign


@dataclass(frozen=True, slots=True)
class Viewer:
    """A user as delivery sees them: the keys that they hold, their password's hash, and what is assigned to them."""

    user_id: UserId
    keys: frozenset[str]
    password: str = field(repr=False)
    assignments: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def auth_hash(self) -> str:
        """The hash that their session must carry. Computed on demand, since a sweep of all viewers does not need it."""
        return accounts.auth_hash(self.user_id, self.password)


def load(user_ids: Collection[UserId]) -> dict[UserId, Viewer]:
    """The viewers of these users, by id, without inactive and deleted ones. A fixed number of queries.

    Outsiders are what they were when they connected, and cost no query.
    """
    outside: dict[UserId, Viewer] = {one: Viewer(one, one.keys, "") for one in user_ids if isinstance(one, Outsider)}
    inside = [one for one in user_ids if not isinstance(one, Outsider)]
    found = accounts.read(inside) if inside else []
    if not found:
        return outside
    keys = audience.keys_of(found)
    assigned = {name: assign(found) for name, assign in _assignments.items()}
    return outside | {
        one.pk: Viewer(one.pk, keys[one.pk], one.password, {name: values[one.pk] for name, values in assigned.items()})
        for one in found
    }
