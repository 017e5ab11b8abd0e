"""The tenants of a site, as notices need them: who may edit in one, and the audience key of its people.

On a site without tenants everybody belongs together, and staff edits.
"""

from collections.abc import Collection, Mapping
from typing import Any

from realtime.access.accounts import Account

EVERYBODY = "tenant:everybody"  # the audience key on a site without tenants


class TenantRule:
    """The rule of a site. A site with tenants derives from it, and registers an instance in ``ready()`` of an app."""

    has_tenants = False

    def exists(self, tenant: int) -> bool:
        """Whether there is a tenant with this id."""
        return False

    def tenants_of(self, people_ids: Collection[Any]) -> Mapping[Any, int]:
        """The tenant of each of these people who belongs to one, by person. A fixed number of queries."""
        return {}

    def may_edit(self, person: Any) -> bool:
        """Whether a person may write notices and events, and see drafts, where they may look at all."""
        return bool(person.is_staff)


_rule = TenantRule()


def rule() -> TenantRule:
    """The rule of this site."""
    return _rule


def set_rule(new: TenantRule) -> TenantRule:
    """Make ``new`` the rule of this site. Return the one before."""
    global _rule
    before, _rule = _rule, new
    return before


def tenant_key(tenant: int | None) -> str:
    """The audience key of the people of a tenant; ``None``: of everybody, on a site without tenants."""
    return EVERYBODY if tenant is None else f"tenant:{tenant}"


def granted_keys(accounts: Collection[Account]) -> dict[Any, set[str]]:
    """The key that each of these accounts holds. Registered with the audience rule."""
    if not _rule.has_tenants:
        return {account.pk: {EVERYBODY} for account in accounts}
    found = _rule.tenants_of([account.pk for account in accounts])
    return {person_id: {tenant_key(tenant)} for person_id, tenant in found.items()}
