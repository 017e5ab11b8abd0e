"""What the API says about a person. A site registers a profile of its own where its people have more to them."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet

from .. import contacts


class Profile:
    """What is said about people of Django's own kind, who belong to no tenant."""

    def fields(self, person: Any) -> dict[str, Any]:
        """Return what everybody may know of a person who may write to them. It can be written as JSON."""
        return {
            "id": person_id(person),
            "username": person.get_username(),
            "first_name": person.first_name,
            "last_name": person.last_name,
            "full_name": full_name(person),
            "avatar": self.avatar(person),
            "is_active": person.is_active,
        }

    def avatar(self, person: Any) -> str | None:
        """Return the address of a person's picture, without a query; ``None`` without one."""
        return None

    def listed(self, person: Any) -> QuerySet[Any]:
        """Return the people whom ``person`` finds by searching."""
        return contacts.rule().reachable(person)

    def related(self) -> tuple[str, ...]:
        """Return the relations that ``fields`` reads, so that a list of people costs one query."""
        return ()

    def tenants(self, person: Any) -> list[dict[str, Any]]:
        """Return the tenants that a person may look into, as ``{"id": …, "name": …}``."""
        return []

    def roles(self, person: Any) -> list[str]:
        """Return the names of what a person is."""
        return sorted(group.name for group in person.groups.all())


_profile = Profile()


def register(profile: Profile) -> None:
    """Use this profile from now on, in place of the one that was registered before."""
    global _profile
    _profile = profile


def profile() -> Profile:
    """Return the profile that is registered."""
    return _profile


def full_name(person: AbstractBaseUser) -> str:
    """Return a person's name, or the user name where it is blank."""
    return str(person.get_full_name()).strip() or person.get_username()  # type: ignore[attr-defined]


def person_id(person: Any) -> int | str:
    """Return a person's id as JSON has it: a number stays one, a UUID becomes text."""
    return person.pk if isinstance(person.pk, int) else str(person.pk)
