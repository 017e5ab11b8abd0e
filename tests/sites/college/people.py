"""Makes people from rows of a file. What is wrong with a row is said with the person's name."""

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from rest_framework.authtoken.models import Token

from .models import College, User, UserType

TEXTS = ("username", "first_name", "middle_name", "last_name", "user_type")
FLAGS = ("is_active", "is_superuser", "is_superadmin", "is_staff")
KNOWN = {"id", "password", "college", "token", *TEXTS, *FLAGS}
COLLEGE_MAX = 2**63 - 1
TOKEN = re.compile(r"[!-~]{1,40}")


class BadRows(Exception):
    """What is wrong, a line for each row."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass
class Passwords:
    """Hashes of passwords. Hashing takes a third of a second, so people of a file who share a password share it."""

    made: dict[str, str] = field(default_factory=dict)
    checked: dict[tuple[str, str], bool] = field(default_factory=dict)

    def stored(self, password: str, before: str) -> str:
        """Return the hash for ``password``: ``before`` where it fits, so that sessions live on."""
        if before and self._fits(password, before):
            return before
        if password not in self.made:
            self.made[password] = make_password(password)
        return self.made[password]

    def _fits(self, password: str, stored: str) -> bool:
        if (password, stored) not in self.checked:
            self.checked[password, stored] = check_password(password, stored)
        return self.checked[password, stored]


@transaction.atomic
def make_people(rows: Any) -> dict[str, dict[str, str]]:
    """Make or update the people of ``rows``. Return ``{username: {"id": …, "token": …}}``.

    A college that a row names is made where it is missing. Nothing is changed when a row is bad: raise BadRows.
    """
    if not isinstance(rows, list):
        raise BadRows(["The file must hold a list of people."])
    bad, made = [], {}
    passwords = Passwords()
    for number, row in enumerate(rows, start=1):
        try:
            with transaction.atomic():
                person, token = make_person(row, passwords)
                if person.username in made:
                    raise ValidationError("is in the file twice")
                made[person.username] = {"id": str(person.pk), "token": token}
        except ValidationError as error:
            bad.append(f"{name_of(row, number)}: {'; '.join(said(error))}")
    if bad:
        raise BadRows(bad)
    return made


def make_person(row: Any, passwords: Passwords) -> tuple[User, str]:
    """Make or update one person. Return it with the key of its token. Raise ValidationError for a bad row."""
    check_types(row)
    person = find(row)
    for name in (*TEXTS, *FLAGS):
        if name in row:
            setattr(person, name, row[name])
    if person.user_type == UserType.SUPER_ADMIN:
        person.is_superadmin = row.get("is_superadmin", True)
    person.college = college_of(row.get("college"))
    if row.get("password"):
        person.password = passwords.stored(row["password"], person.password)
    elif not person.password:
        person.set_unusable_password()
    person.full_clean()
    person.save()
    return person, token_of(person, row.get("token"))


def check_types(row: Any) -> None:
    """Raise ValidationError for a row that is no object, has unknown keys, or values of another type."""
    if not isinstance(row, dict):
        raise ValidationError("is no object")
    if unknown := row.keys() - KNOWN:
        raise ValidationError(f"has unknown keys: {', '.join(sorted(unknown))}")
    wrong = [name for name in (*TEXTS, "password", "token", "id") if not isinstance(row.get(name) or "", str)]
    wrong += [name for name in FLAGS if not isinstance(row.get(name, False), bool)]
    college = row.get("college")
    if isinstance(college, bool) or not isinstance(college, int | None) or not 1 <= (college or 1) <= COLLEGE_MAX:
        wrong.append("college")
    wrong += [name for name in TEXTS if "\0" in (row.get(name) or "")]
    if wrong:
        raise ValidationError(f"has a wrong value in {', '.join(wrong)}")
    if not row.get("username"):
        raise ValidationError("has no username")
    if row.get("token") and not TOKEN.fullmatch(row["token"]):
        raise ValidationError("has a token that is not 1 to 40 characters of ASCII")


def find(row: dict[str, Any]) -> User:
    """Return the person of a row, by id or by user name, or a new one. Raise ValidationError where they disagree."""
    named = User.objects.filter(username=row["username"]).first()
    if not row.get("id"):
        return named or User()
    try:
        wanted = uuid.UUID(row["id"])
    except ValueError:
        raise ValidationError("has an id that is no UUID") from None
    if named and named.pk != wanted:
        raise ValidationError(f"has the id {wanted}, but that username belongs to {named.pk}")
    return named or User.objects.filter(pk=wanted).first() or User(pk=wanted)


def college_of(number: int | None) -> College | None:
    """Return the college with this id, which is made where it is missing."""
    if number is None:
        return None
    return College.objects.get_or_create(pk=number, defaults={"name": f"College {number}"})[0]


def token_of(person: User, wanted: str | None) -> str:
    """Return the key of the person's token: ``wanted``, or the one they have, or a new one."""
    if not wanted:
        return Token.objects.get_or_create(user=person)[0].key
    owner = Token.objects.filter(key=wanted).first()
    if owner is None:
        Token.objects.filter(user=person).delete()
        owner = Token.objects.create(user=person, key=wanted)
    if owner.user_id != person.pk:
        raise ValidationError("has a token that belongs to somebody else")
    return owner.key


def name_of(row: Any, number: int) -> str:
    """Return how a row is called in a message: by its user name, else by its number."""
    name = row.get("username") if isinstance(row, dict) else None
    return name if isinstance(name, str) and name else f"Row {number}"


def said(error: ValidationError) -> list[str]:
    """Return what a ValidationError says, with the names of fields."""
    if hasattr(error, "error_dict"):
        return [f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items()]
    return error.messages
