"""Who may see an event: one rule, asked at live delivery and at replay alike. Default: nobody.

An event carries the keys of its audience (``"user:7"``, ``"project:12"``); a person holds the keys that apps grant
them. Who shares a key with the event may see it. An app registers how it grants keys; this module knows only that
everybody holds the key of their own account.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from .accounts import Account

Grants = Mapping[int, Iterable[str]]
Rule = Callable[[Collection[Account]], Grants]

_rules: list[Rule] = []


def register(rule: Rule) -> None:
    """Add a rule: given active accounts, it says which keys each of them holds, by id (who is left out holds none).

    It is asked for many people at once and must cost a fixed number of queries.
    """
    if rule not in _rules:
        _rules.append(rule)


def user_key(user_id: int) -> str:
    """The key that one person alone holds."""
    return f"user:{user_id}"


def keys_of(accounts: Collection[Account]) -> dict[int, frozenset[str]]:
    """The keys that each of these accounts holds, by id, from all rules together."""
    keys: dict[int, set[str]] = {account.pk: {user_key(account.pk)} for account in accounts}
    for rule in _rules:
        for user_id, granted in rule(accounts).items():
            keys[user_id].update(granted)
    return {user_id: frozenset(held) for user_id, held in keys.items()}


def may_see(keys: frozenset[str], audience: frozenset[str]) -> bool:
    """Whether somebody who holds ``keys`` may see an event for ``audience``."""
    return not keys.isdisjoint(audience)
