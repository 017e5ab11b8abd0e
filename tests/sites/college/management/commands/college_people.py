"""Makes the college's people from a file."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tests.sites.college.people import BadRows, make_people


class Command(BaseCommand):
    help = (
        "Make or update people from a JSON file: [{id, username, password, first_name, last_name, user_type, college, "
        "is_active, is_superuser, token?}]. Writes {username: {id, token}}. Running it again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE.json", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = json.loads(options["file"].read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise CommandError(f"{options['file']} cannot be read: {error}") from error
        try:
            made = make_people(rows)
        except BadRows as bad:
            raise CommandError(f"Nobody was made.\n{bad}") from bad
        self.stdout.write(json.dumps(made, ensure_ascii=False))
