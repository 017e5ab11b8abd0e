"""Creates the accounts and projects of a demo office."""

from argparse import ArgumentParser
from pathlib import Path
from random import Random
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction

from projeng.demo.office import make_projects
from projeng.demo.people import PASSWORD, PEOPLE, NamesTaken, demo_people, make_people
from projeng.importing import reading as importing
from projeng.models import Project
from realtime.management.scripted import ScriptedCommand, whole_number


class Command(ScriptedCommand):
    help = (
        "Make a demo office: people of every role, and about 60 projects with reports, costs and milestones. What is "
        "there already stays as it is, so running it again changes nothing. Prints the sign-ins."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--if-empty", action="store_true", help="Do nothing where there are projects already.")
        parser.add_argument(
            "--seed",
            type=whole_number(0, 2**32),
            default=2026,
            help="The same number makes the same data on the same day (default: %(default)s).",
        )
        parser.add_argument(
            "--csv", type=Path, metavar="FILE", help="Use the projects of this file (see import_projects) instead."
        )
        parser.add_argument("--password", default=PASSWORD, help="The password of all (default: %(default)s).")

    def handle(self, *args: Any, **options: Any) -> None:
        password = options["password"]
        if not password:
            raise CommandError("--password must not be empty.", returncode=2)
        made = 0
        if not (options["if_empty"] and Project.objects.exists()):
            rows = _rows(options["csv"]) if options["csv"] else None
            try:
                with transaction.atomic():
                    made = make_projects(make_people(password), Random(options["seed"]), rows)
            except NamesTaken as fault:
                raise CommandError(f"These names belong to real accounts, so there is no demo: {fault}.") from fault
        people = demo_people()
        sign_ins = [
            {
                "user": person.username,
                "name": people[person.username].get_full_name(),
                "role": person.role or "Superuser",
                "password": password if people[person.username].check_password(password) else None,
            }
            for person in PEOPLE
            if person.username in people
        ]
        if sign_ins and password == PASSWORD and not settings.DEBUG:
            self.stderr.write("Everybody knows the demo's password: keep this site off the internet.")
        self.report(options, _summary(made, sign_ins), {"projects_made": made, "people": sign_ins})


def _rows(path: Path) -> list[importing.Row]:
    try:
        checked = importing.read(path)
    except importing.Unreadable as fault:
        raise CommandError(f"{path} {fault} Nothing was made.") from fault
    if checked.problems:
        raise CommandError(f"{path}: {checked.problems[0]} (import_projects --dry-run lists all). Nothing was made.")
    return checked.rows


def _summary(made: int, sign_ins: list[dict[str, Any]]) -> str:
    outcome = f"{made} demo projects made." if made else "Nothing to make: there are projects already."
    rows = [("user", "role", "password", "name")]
    rows += [(row["user"], row["role"], row["password"] or "(its own)", row["name"]) for row in sign_ins]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([outcome, *(["", *lines] if sign_ins else [])])
