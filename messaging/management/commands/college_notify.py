"""Announces something to a person or to everybody of a college."""

import uuid
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError

from messaging.notices import tenants
from messaging.notices.announcing import announce
from messaging.notices.models import TITLE_LENGTH
from realtime.management.scripted import ScriptedCommand

MESSAGE_LENGTH = 10_000


class Command(ScriptedCommand):
    help = (
        "Publish one notification to a person (user name or id) or to a college (its id). Whoever is connected gets it "
        "at once, the others when they come back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("receiver", metavar="USER|COLLEGE", help="A user name, a person's id, or a college's id.")
        parser.add_argument("--title", required=True)
        parser.add_argument("--message", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        title, message = options["title"].strip(), options["message"].strip()
        if not title or not message or "\0" in title + message:
            raise CommandError("--title and --message must not be empty.", returncode=2)
        if len(title) > TITLE_LENGTH or len(message) > MESSAGE_LENGTH:
            raise CommandError(
                f"--title has {TITLE_LENGTH} characters at most, --message {MESSAGE_LENGTH}.", returncode=2
            )
        name = options["receiver"]
        if (tenant := _tenant(name)) is not None:
            announce(title=title, message=message, tenant=tenant)
            self.report(options, f"Published to college {tenant}.", {"college": tenant})
        elif (person := _person(name)) is not None:
            announce(title=title, message=message, person=person)
            self.report(options, f"Published to {person.get_username()}.", {"user": str(person.pk)})
        else:
            raise CommandError(f"There is no person and no college {name!r}.")


def _tenant(name: str) -> int | None:
    number = int(name) if name.isascii() and name.isdecimal() and len(name) < 19 else None
    return number if number is not None and tenants.rule().exists(number) else None


def _person(name: str) -> Any:
    people = get_user_model()
    found = people._default_manager.filter(is_active=True, **{people.USERNAME_FIELD: name}).first()
    if found is not None:
        return found
    key: Any = _uuid(name) if people._meta.pk.get_internal_type() == "UUIDField" else _number(name)
    return None if key is None else people._default_manager.filter(is_active=True, pk=key).first()


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
