"""Who may write to whom, and who sees of whom that they are there: a rule that the site registers.

The default is the office's: everybody whose account is active.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet


class ContactRule:
    """The rule of a site. Derive from it, and register an instance with ``set_rule``, in ``ready()`` of an app.

    People are instances of the site's user model.
    """

    def reachable(self, person: Any) -> QuerySet[Any]:
        """The people to whom ``person`` may write, themselves included."""
        return get_user_model()._default_manager.filter(is_active=True)

    def may_write(self, sender: Any, receiver: Any) -> bool:
        """Whether ``sender`` may write to ``receiver``."""
        return bool(receiver.is_active)

    def sees_presence_of(self, person: Any) -> QuerySet[Any]:
        """The people of whom ``person`` may know whether they are online. It must be mutual: they may know it, too."""
        return self.reachable(person)

    def tenant_of(self, person: Any) -> int | None:
        """The tenant to which a person belongs; ``None`` on a site without tenants."""
        return None

    def is_global(self, person: Any) -> bool:
        """Whether a person belongs to all tenants."""
        return True

    def may_support(self, person: Any) -> bool:
        """Whether a person sees the queue of support conversations and may take one."""
        return bool(person.is_staff)


_rule = ContactRule()


def rule() -> ContactRule:
    """The rule of this site."""
    return _rule


def set_rule(new: ContactRule) -> ContactRule:
    """Make ``new`` the rule of this site. Returns the one before."""
    global _rule
    before, _rule = _rule, new
    return before
