"""Removes stored contents without a row, and rows of uploads whose content is gone."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from comm_service.documents.cleaning import Suspicious, clean
from comm_service.documents.store import StorageAway, store
from realtime.management.scripted import ScriptedCommand, whole_number

SHOWN = 100


class Command(ScriptedCommand):
    help = "Remove stored documents without a row, and rows of uploads whose document is gone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="Say what would be removed, and remove nothing.")
        parser.add_argument(
            "--hours",
            type=whole_number(1, 8760),
            default=24,
            help="Leave alone what is younger than this, since it may belong to an upload under way (default: 24).",
        )
        parser.add_argument(
            "--force", action="store_true", help="Remove rows even if no row at all has its document (another bucket?)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        before = timezone.now() - timedelta(hours=options["hours"])
        remove = not options["dry_run"]
        try:
            found = clean(store(), before=before, remove=remove, force=options["force"])
        except StorageAway as fault:
            raise CommandError(str(fault)) from fault
        except Suspicious as fault:
            raise CommandError(
                "No row has its document in this storage. Is it the right bucket? Nothing was removed; --force removes."
            ) from fault
        verb = "Removed" if remove else "Would remove"
        words = (
            f"{verb} {len(found.orphan_objects)} of {found.objects} objects and "
            f"{len(found.orphan_rows)} of {found.rows} rows of uploads."
        )
        outcome = {
            "removed": remove,
            "objects": found.objects,
            "rows": found.rows,
            "orphan_objects": len(found.orphan_objects),
            "orphan_rows": len(found.orphan_rows),
            "keys": found.orphan_objects[:SHOWN],
            "row_ids": found.orphan_rows[:SHOWN],
        }
        self.report(options, words, outcome)
