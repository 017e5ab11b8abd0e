"""What the APIs say about the college's people."""

from typing import Any

from django.core.files.storage import default_storage
from django.db.models import QuerySet

from messaging.people_api.profiles import Profile

from .contacts import listed
from .models import College, User


class CollegeProfile(Profile):
    """Django's fields, and those that the college's people have besides."""

    def fields(self, person: User) -> dict[str, Any]:
        return {
            **super().fields(person),
            "middle_name": person.middle_name,
            "user_type": person.user_type,
            "college": person.college_id,
            "college_name": person.college.name if person.college else None,
        }

    def avatar(self, person: User) -> str | None:
        return default_storage.url(person.avatar.name) if person.avatar else None

    def listed(self, person: User) -> QuerySet[Any]:
        return listed(person)

    def related(self) -> tuple[str, ...]:
        return ("college",)

    def tenants(self, person: User) -> list[dict[str, Any]]:
        """Their own college; for global people every one."""
        if person.is_global:
            return list(College.objects.order_by("pk").values("id", "name"))
        return [{"id": person.college.pk, "name": person.college.name}] if person.college else []

    def roles(self, person: User) -> list[str]:
        return [person.user_type, *super().roles(person)]
