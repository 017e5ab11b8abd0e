"""Copies another database into the site's own, which is new: from SQLite to PostgreSQL, and back."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import IntegrityError

from gistagum import database_copy
from realtime.management.commands.new_epoch import begin
from realtime.management.scripted import ScriptedCommand


class Command(ScriptedCommand):
    help = (
        "Copy all of another database into the one that DATABASE_URL names, which `migrate` has just made: people, "
        "sessions, projects, notifications, the event log and where its ids stand. Then begin a new epoch of the log. "
        "The site must be stopped. The other database is only read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--from",
            dest="source",
            metavar="URL",
            required=True,
            help="The address of the database to copy, as in DATABASE_URL; - reads it from the standard input.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        url = sys.stdin.readline().strip() if options["source"] == "-" else options["source"]
        try:
            with database_copy.source(url):
                copied = database_copy.copy(self._tell_progress)
        except ImproperlyConfigured as fault:
            raise CommandError(str(fault).replace("DATABASE_URL", "--from"), returncode=2) from fault
        except database_copy.CannotCopy as fault:
            raise CommandError(f"{fault} Nothing was copied.") from fault
        except IntegrityError as fault:
            reason = " ".join(str(fault).split())
            raise CommandError(f"A row refers to one that is not there: {reason} Nothing was copied.") from fault
        try:
            epoch = begin(cut=None)
        except BaseException:
            self.stderr.write("Everything was copied. Run `manage.py new_epoch` before the site starts.")
            raise
        rows = sum(copied.values())
        words = f"{rows:,} rows of {len(copied)} tables copied. Epoch {epoch.pk} of the log has begun."
        outcome = {"rows": rows, "tables": copied, "epoch": epoch.pk, "cut": epoch.cut, "begins": epoch.begins}
        self.report(options, words, outcome)

    def _tell_progress(self, label: str, rows: int) -> None:
        if rows % 10_000 == 0:
            self.stderr.write(f"{label}: {rows:,} rows", self.style.NOTICE)
