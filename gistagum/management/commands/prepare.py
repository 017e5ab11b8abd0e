"""Migrates the database and collects the static files, for start.sh."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from gistagum.readiness import missing_files, missing_migrations
from gistagum.turns import turn


class Command(BaseCommand):
    help = (
        "Migrate the database and collect the static files, as start.sh does before it starts the server. Servers that "
        "start at the same time take turns. Servers that wait (SKIP_MIGRATE=true) begin to serve after it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Prepare nothing, only say what is missing.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            self._check()
            return
        with turn(self._say_that_it_waits):
            call_command("migrate", interactive=False, verbosity=0, skip_checks=False)
            call_command("collectstatic", interactive=False, verbosity=0, skip_checks=False)

    def _check(self) -> None:
        missing = [what for what in (missing_files(), missing_migrations()) if what]
        if missing:
            raise CommandError("; ".join(missing))
        self.stdout.write("The site is prepared.")

    def _say_that_it_waits(self) -> None:
        self.stderr.write("gistagum: another server prepares the site; waiting for it")
