"""The audience rule: who may see an event. The same rule serves live delivery and replay. The default is nobody.

An event carries the keys of its audience (``"user:7"``, ``"project:12"``). A user holds the keys that applications
grant. Whoever holds one of the event's keys may see it. Applications register how they grant keys; by itself this
module grants each user the key of their own account.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from .accounts import Account
from .user_ids import UserId

Grants = Mapping[UserId, Iterable[str]]
Rule = Callable[[Collection[Account]], Grants]

_rules: list[Rule] = []


def register(rule: Rule) -> None:
    """Add a rule. Given active accounts, it returns the keys that each of them holds, by user id.

    A user who is left out holds none. The rule is called for many users at once and must use a fixed number of queries.
    """
    if rule not in _rules:
        _rules.append(rule)


def user_key(user_id: UserId) -> str:
    """The key that only this user holds."""
    return f"user:{user_id}"


def keys_of(accounts: Collection[Account]) -> dict[UserId, frozenset[str]]:
    """The keys that each of these accounts holds by all rules together, by user id."""
    keys: dict[UserId, set[str]] = {account.pk: {user_key(account.pk)} for account in accounts}
    for rule in _rules:
        for user_id, granted in rule(accounts).items():
            keys[user_id].update(granted)
    return {user_id: frozenset(held) for user_id, held in keys.items()}


def may_see(keys: frozenset[str], audience: frozenset[str]) -> bool:
    """Whether somebody who holds ``keys`` may see an event for ``audience``."""
    return not keys.isdisjoint(audience)
