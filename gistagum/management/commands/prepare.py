"""Migrates the database and collects the static files, for start.sh."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from gistagum.turns import turn


class Command(BaseCommand):
    help = (
        "Migrate the database and collect the static files, as start.sh does before it starts the server. Servers that "
        "start at the same time take turns. Servers that wait (SKIP_MIGRATE=true) begin to serve after it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with turn(self._say_that_it_waits):
            call_command("migrate", interactive=False, verbosity=0, skip_checks=False)
            call_command("collectstatic", interactive=False, verbosity=0, skip_checks=False)

    def _say_that_it_waits(self) -> None:
        self.stderr.write("gistagum: another server prepares the site; waiting for it")
