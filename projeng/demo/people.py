"""The accounts of the demo office: one for each role, and three engineers."""

from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, Group
from django.db import transaction

from ..access import Role

PASSWORD = "tagum-demo-2026"  # noqa: S105 (made to be known)
HEAD, FINANCE, ADMIN = "head", "finance", "admin"
ENGINEERS = ("engineer1", "engineer2", "engineer3")
# A reserved domain (RFC 2606), which distinguishes the demo's accounts from real ones with the same name.
EMAIL_DOMAIN = "demo.invalid"
# Half of the accounts are in the group that `make demo` moves to WebSocket (WEBSOCKET_ROLLOUT_GROUPS).
ROLLOUT_GROUP = "Pioneers"
ROLLOUT_MEMBERS = (HEAD, ENGINEERS[0], ADMIN)


class Person(NamedTuple):
    """A user of the demo office. The one without a role is the superuser."""

    username: str
    first_name: str
    last_name: str
    role: Role | None


PEOPLE = (
    Person(HEAD, "Maria Teresa", "Villanueva", Role.HEAD),
    Person(FINANCE, "Rowena", "Dela Cruz", Role.FINANCE),
    Person(ENGINEERS[0], "Jose Mari", "Bautista", Role.ENGINEER),
    Person(ENGINEERS[1], "Kristine Mae", "Salazar", Role.ENGINEER),
    Person(ENGINEERS[2], "Rodel", "Pangilinan", Role.ENGINEER),
    Person(ADMIN, "Site", "Administrator", None),
)


class NamesTaken(Exception):
    """Real accounts have user names of the demo. The message lists them."""


def demo_people() -> dict[str, AbstractUser]:
    """Return the existing demo accounts, by user name."""
    mails = [f"{person.username}@{EMAIL_DOMAIN}" for person in PEOPLE]
    accounts = get_user_model().objects.filter(email__in=mails, is_active=True).order_by("pk")
    return {user.username: user for user in accounts if user.email == f"{user.username}@{EMAIL_DOMAIN}"}


@transaction.atomic
def make_people(password: str) -> dict[str, AbstractUser]:
    """Create the missing demo accounts and return all. Existing ones keep their passwords and roles.

    A real account is never changed. If one has the superuser's name, the demo's superuser is not created; raise
    NamesTaken if one has another name of the demo.
    """
    accounts = get_user_model().objects
    people = demo_people()
    missing = [person for person in PEOPLE if person.username not in people]
    taken = set(
        accounts.filter(username__in=[person.username for person in missing]).values_list("username", flat=True)
    )
    if taken - {ADMIN}:
        raise NamesTaken(", ".join(sorted(taken)))
    for person in missing:
        if person.username in taken:
            continue
        make = accounts.create_user if person.role else accounts.create_superuser
        user = make(
            person.username,
            f"{person.username}@{EMAIL_DOMAIN}",
            password,
            first_name=person.first_name,
            last_name=person.last_name,
        )
        if person.role:
            user.groups.add(Group.objects.get_or_create(name=person.role)[0])
        people[person.username] = user
    group, new = Group.objects.get_or_create(name=ROLLOUT_GROUP)
    if new:
        group.user_set.add(*(people[name] for name in ROLLOUT_MEMBERS if name in people))
    return people
