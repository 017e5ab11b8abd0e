"""Active accounts: what audience, transport and sessions depend on, read in one query for many users."""

from collections.abc import Collection
from dataclasses import dataclass, field

from django.contrib.auth import get_user_model


@dataclass(frozen=True, slots=True)
class Account:
    """An active account. ``password`` is its hash, ``groups`` are the names of those that it is in."""

    pk: int
    password: str = field(repr=False)
    is_staff: bool
    is_superuser: bool
    groups: frozenset[str]


def auth_hash(pk: int, password: str) -> str:
    """The hash that a session of this account must carry. It changes with the password (given as its hash)."""
    return get_user_model()(pk=pk, password=password).get_session_auth_hash()


def read(user_ids: Collection[int]) -> list[Account]:
    """The accounts among these users that are active."""
    rows = get_user_model().objects.filter(pk__in=user_ids, is_active=True)
    groups: dict[tuple[int, str, bool, bool], set[str]] = {}
    fields = rows.values_list("pk", "password", "is_staff", "is_superuser", "groups__name")
    for pk, password, is_staff, is_superuser, group in fields:
        names = groups.setdefault((pk, password, is_staff, is_superuser), set())
        if group is not None:
            names.add(group)
    return [Account(*account, frozenset(names)) for account, names in groups.items()]
