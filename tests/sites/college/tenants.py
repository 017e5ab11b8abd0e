"""The college's tenants: its colleges, in which everybody but students and parents edits notices."""

from collections.abc import Collection, Mapping
from typing import Any

from messaging.notices.tenants import TenantRule

from .models import College, User, UserType


class Colleges(TenantRule):
    """Colleges as the tenants of notices and events."""

    has_tenants = True

    def exists(self, tenant: int) -> bool:
        return College.objects.filter(pk=tenant).exists()

    def tenants_of(self, people_ids: Collection[Any]) -> Mapping[Any, int]:
        members = User.objects.filter(pk__in=people_ids).exclude(college=None)
        return dict(members.values_list("pk", "college_id"))

    def may_edit(self, person: User) -> bool:
        return person.is_global or person.user_type not in {UserType.STUDENT, UserType.PARENT}
