"""What all commands share: an outcome that a script can read, and errors on one line."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError

INTERRUPTED = 130  # what shells answer for a command that Ctrl-C ended


class ScriptedCommand(BaseCommand):
    """A command for people and scripts: ``--json``, exit status 0 (done), 1 (cannot be done), 2 (wrong usage).

    A database that refuses (no connection, no tables, a lock that took too long) is an expected fault: one line, and
    the whole story with ``--traceback``.
    """

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Write the outcome as one JSON object.")

    def execute(self, *args: Any, **options: Any) -> Any:
        try:
            return super().execute(*args, **options)
        except DatabaseError as fault:
            raise CommandError(f"The database refused: {first_line(fault)}") from fault
        except KeyboardInterrupt as fault:
            raise CommandError("Interrupted.", returncode=INTERRUPTED) from fault

    def report(self, options: dict[str, Any], words: str, outcome: dict[str, Any]) -> None:
        """Write the outcome on stdout: in plain words, or as JSON where ``--json`` asks for it."""
        self.stdout.write(json.dumps(outcome, cls=DjangoJSONEncoder, ensure_ascii=False) if options["json"] else words)


def first_line(fault: Exception) -> str:
    """The message of an exception, on one line."""
    return (str(fault).strip() or type(fault).__name__).splitlines()[0]


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """An argument's type: a whole number from ``low`` to ``high``, both included."""

    def parse(text: str) -> int:
        if text.isascii() and text.isdecimal() and low <= int(text[:20]) <= high:
            return int(text)
        raise ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")

    return parse
