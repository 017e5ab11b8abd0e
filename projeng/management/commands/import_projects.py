"""Imports projects from a CSV file, all or none."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError

from projeng.actor import acting
from projeng.importing import reading as importing
from projeng.importing import writing as import_writing
from projeng.importing.header import BASED_ON, OPTIONAL, REQUIRED
from projeng.keys import plain
from realtime.management.scripted import ScriptedCommand

PROGRESS_ROWS = 5_000  # rows between two progress lines
PROGRESS_ROWS_ON_TERMINAL = 250


class Command(ScriptedCommand):
    help = (
        "Import projects from a CSV file (UTF-8). A project whose PRN is known is updated, fields without a column "
        "stay as they are. When any row is wrong, each wrong row is named and nothing is imported. Columns: "
        f"{', '.join(REQUIRED)}; optional: {', '.join(OPTIONAL)}. With {' or '.join(BASED_ON)} of the export, a row "
        "whose project was changed since is refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path, metavar="FILE.csv", help="The file to import.")
        parser.add_argument("--dry-run", action="store_true", help="Check everything, write nothing.")
        parser.add_argument("--by", metavar="USERNAME", help="Who imports (default: “the import”).")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        importer = self._importer(options["by"])
        try:
            checked = importing.read(path, self._progress_writer("checked"))
            problems = checked.problems
            if not problems:
                with acting(importer or "the import"):
                    if options["dry_run"]:
                        made = import_writing.plan(checked.rows)
                    else:
                        made = import_writing.write(
                            checked.rows, path.name, created_by=importer, on_progress=self._progress_writer("written")
                        )
                problems = made.problems
        except importing.Unreadable as fault:
            self._refuse(options, [], f"{path} {fault} Nothing was imported.")
        except import_writing.Refused as fault:
            problems = fault.problems
        if problems:
            rows = f"{len(problems)} {'row' if len(problems) == 1 else 'rows'}"
            why = f" ({checked.cause})" if checked.cause else ""
            self._refuse(options, problems, f"{rows} of {path} cannot be imported{why}. Nothing was imported.")
        self._note_emptied(checked.empty, made)
        self._tell(options, made)

    def _note_emptied(self, empty: list[str], made: import_writing.Plan) -> None:
        """Say on stderr which fields lose their values because their columns are empty in every row."""
        for name in empty:
            if number := sum(name in changed for _, changed in made.updated):
                projects = f"{number} {'project' if number == 1 else 'projects'}"
                self.stderr.write(
                    f"Note: {name} is empty in every row, which empties it in {projects}. Without that column it stays."
                )

    def _importer(self, username: str | None) -> Any:
        if username is None:
            return None
        accounts = get_user_model().objects.filter(is_active=True)
        found = accounts.filter(username=username) or accounts.filter(username__iexact=plain(username))
        if len(found) > 1:
            names = ", ".join(sorted(user.get_username() for user in found))
            raise CommandError(f"--by: {username!r} may be any of {names}.", returncode=2)
        if not found:
            raise CommandError(f"--by: there is no active account {username!r}.", returncode=2)
        return found[0]

    def _tell(self, options: dict[str, Any], made: import_writing.Plan) -> None:
        counts = {"new": len(made.new), "updated": len(made.updated), "unchanged": made.unchanged}
        total = sum(counts.values())
        words = f"{total} {'project' if total == 1 else 'projects'}: " + ", ".join(
            f"{number} {what}" for what, number in counts.items()
        )
        if options["dry_run"]:
            words += ". Only checked: nothing was written."
        warnings = [{"line": warning.line, "reason": warning.reason} for warning in made.warnings]
        if not options["json"]:
            for warning in made.warnings:
                self.stderr.write(f"line {warning.line}: imported all the same: {warning.reason}")
        outcome = {"ok": True, "dry_run": options["dry_run"], "projects": total, **counts, "problem_count": 0}
        self.report(options, words, {**outcome, "problems": [], **({"warnings": warnings} if warnings else {})})

    def _refuse(self, options: dict[str, Any], problems: list[importing.Problem], reason: str) -> None:
        if options["json"]:
            listed = [{"line": problem.line, "reason": problem.reason} for problem in problems]
            outcome = {"ok": False, "error": reason, "problem_count": len(problems), "problems": listed}
            self.report(options, "", outcome)
        else:
            for problem in problems:
                self.stderr.write(str(problem))
        raise CommandError(reason)

    def _progress_writer(self, what: str) -> Callable[[int], None]:
        """Return a function that writes progress to stderr: in place on a terminal, else as occasional lines."""
        terminal = self.stderr.isatty()
        last = 0

        def write(rows: int) -> None:
            nonlocal last
            if rows - last >= (PROGRESS_ROWS_ON_TERMINAL if terminal else PROGRESS_ROWS):
                last = rows
                text = f"{rows:,} rows {what}"
                self.stderr.write(f"\r{text}" if terminal else text, self.style.NOTICE, ending="" if terminal else "\n")

        return write
