"""Active accounts: what audience, transport and sessions depend on, read in one query for many users."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model

from .user_ids import UserId


@dataclass(frozen=True, slots=True)
class Account:
    """An active account. ``password`` is its hash, ``groups`` are the names of those that it is in."""

    pk: UserId
    password: str = field(repr=False)
    is_staff: bool
    is_superuser: bool
    groups: frozenset[str]


def auth_hash(pk: UserId, password: str) -> str:
    """The hash that a session of this account must carry. It changes with the password (given as its hash)."""
    fields: dict[str, Any] = {"pk": pk, "password": password}
    return get_user_model()(**fields).get_session_auth_hash()


def read(user_ids: Collection[UserId]) -> list[Account]:
    """The accounts among these users that are active."""
    rows = get_user_model().objects.filter(pk__in=user_ids, is_active=True)
    groups: dict[tuple[UserId, str, bool, bool], set[str]] = {}
    fields = rows.values_list("pk", "password", "is_staff", "is_superuser", "groups__name")
    for pk, password, is_staff, is_superuser, group in fields:
        names = groups.setdefault((pk, password, is_staff, is_superuser), set())
        if group is not None:
            names.add(group)
    return [Account(*account, frozenset(names)) for account, names in groups.items()]
