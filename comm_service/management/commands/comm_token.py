"""Prints an access token for the communication API."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import CommandError

from comm_service.callers import LIFETIME_SECONDS, SERVICE, make_token
from comm_service.ids import id_in_path
from realtime.management.scripted import ScriptedCommand, whole_number

LONGEST_SECONDS = 366 * 24 * 3600


def _user_id(text: str) -> UUID:
    found = id_in_path(text)
    if found is None:
        raise ArgumentTypeError(f"{text[:40]!r} is no UUID.")
    return found


class Command(ScriptedCommand):
    help = "Print an access token for the communication API, signed with JWT_SECRET_KEY."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user_id", type=_user_id, help="The UUID of the user, or of the calling service.")
        parser.add_argument("--role", default="", help="The user's role, such as student or admin.")
        parser.add_argument("--email", default="", help="The user's e-mail address.")
        parser.add_argument("--service", action="store_true", help="For a program, which may see rows of everybody.")
        parser.add_argument(
            "--seconds",
            type=whole_number(1, LONGEST_SECONDS),
            default=LIFETIME_SECONDS,
            help=f"Valid for so many seconds (default: {LIFETIME_SECONDS}).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.JWT_SECRET_KEY:
            raise CommandError("JWT_SECRET_KEY is not set; tokens are signed with it.")
        role = SERVICE if options["service"] else options["role"]
        token = make_token(options["user_id"], role, options["email"], options["seconds"])
        self.report(options, token, {"token": token})
