"""Begins a new epoch of the log, where the database leaves no trace of the history that it has lost."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import DataError

from realtime.log import renewal
from realtime.log.models import LogEpoch
from realtime.management.scripted import ScriptedCommand

LOCK_SECONDS = 10.0  # how long another process may be numbering
STEP_SECONDS = 0.05


class Command(ScriptedCommand):
    help = (
        "Begin a new epoch of the event log: ids up to the newest event stay valid, new ones are far above any that a "
        "lost history has given out, and whoever has read one between is told to load the page's state again. Run it "
        "before the site starts, after the database was put back in a way that leaves no trace in it: a snapshot of a "
        "volume, or a SQLite file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--all", action="store_true", help="Let no earlier id stay valid: everybody is reset.")

    def handle(self, *args: Any, **options: Any) -> None:
        epoch = begin(cut=0 if options["all"] else None)
        words = f"Epoch {epoch.pk} of the log has begun: new ids are above {epoch.begins}, "
        words += "everybody is reset." if options["all"] else f"those up to {epoch.cut} stay valid."
        outcome = {"epoch": epoch.pk, "cut": epoch.cut, "begins": epoch.begins, "all": options["all"]}
        self.report(options, words, outcome)


def begin(cut: int | None) -> LogEpoch:
    """Begin an epoch that no id above ``cut`` outlives (``None``: above the newest). Raises CommandError."""
    until = time.monotonic() + LOCK_SECONDS
    while True:
        known = LogEpoch.objects.order_by("-id").first()
        try:
            begun = renewal.begin_epoch(known.pk if known else None, cut)
        except DataError as error:  # no places left: the message says what to do
            raise CommandError(str(error).splitlines()[0]) from error
        if begun:
            epoch = LogEpoch.objects.latest("id")
            if cut is None or epoch.cut <= cut:
                return epoch  # else another process has begun one meanwhile, which leaves more valid
        if time.monotonic() >= until:
            raise CommandError(
                f"Another process has held the lock of the event log for {LOCK_SECONDS:.0f} s. No epoch has begun."
            )
        time.sleep(STEP_SECONDS)
