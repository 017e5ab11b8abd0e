"""The people of the demo office: one account for each role, and three engineers."""

from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, Group
from django.db import transaction

from ..access import Role

PASSWORD = "tagum-demo-2026"  # noqa: S105 (made to be known)
HEAD, FINANCE, ADMIN = "head", "finance", "admin"
ENGINEERS = ("engineer1", "engineer2", "engineer3")
# Reserved for what does not exist (RFC 2606): tells the accounts of the demo from real ones with the same name.
MAIL = "demo.invalid"
# Half of them: the cohort that `make demo` shows on WebSocket (WEBSOCKET_ROLLOUT_GROUPS).
PIONEERS = "Pioneers"
FIRST = (HEAD, ENGINEERS[0], ADMIN)


class Person(NamedTuple):
    """Somebody of the demo office. Without a role: the superuser."""

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


class Taken(Exception):
    """Real accounts have the names of demo people; the text lists them."""


def demo_people() -> dict[str, AbstractUser]:
    """The accounts of the demo people that there are, by user name."""
    mails = [f"{person.username}@{MAIL}" for person in PEOPLE]
    accounts = get_user_model().objects.filter(email__in=mails, is_active=True).order_by("pk")
    return {user.username: user for user in accounts if user.email == f"{user.username}@{MAIL}"}


@transaction.atomic
def make_people(password: str) -> dict[str, AbstractUser]:
    """Make the accounts that are missing, and return all. Those that exist keep their passwords and roles.

    A real account is never touched: with the name of the superuser it is left to itself, with another one Taken is
    raised.
    """
    accounts = get_user_model().objects
    people = demo_people()
    missing = [person for person in PEOPLE if person.username not in people]
    taken = set(
        accounts.filter(username__in=[person.username for person in missing]).values_list("username", flat=True)
    )
    if taken - {ADMIN}:
        raise Taken(", ".join(sorted(taken)))
    for person in missing:
        if person.username in taken:
            continue
        make = accounts.create_user if person.role else accounts.create_superuser
        user = make(
            person.username,
            f"{person.username}@{MAIL}",
            password,
            first_name=person.first_name,
            last_name=person.last_name,
        )
        if person.role:
            user.groups.add(Group.objects.get_or_create(name=person.role)[0])
        people[person.username] = user
    group, new = Group.objects.get_or_create(name=PIONEERS)
    if new:
        group.user_set.add(*(people[name] for name in FIRST if name in people))
    return people
