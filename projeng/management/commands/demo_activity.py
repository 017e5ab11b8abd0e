"""Makes changes to the demo's projects at intervals, so that live updates have something to show."""

import math
import signal
import threading
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError, connection

from projeng.demo.changes import Changes
from projeng.demo.people import ENGINEERS, FINANCE, HEAD, demo_people
from realtime.management.scripted import ScriptedCommand, first_line, whole_number

RETRY_SECONDS = 1.0  # the shortest pause after a database error


class Command(ScriptedCommand):
    help = (
        "Make a believable change to the demo's projects every few seconds, as one of the demo's people, until it is "
        "stopped (Ctrl-C). Only projects that the demo's head has entered are changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--every", type=seconds_text, default=3.0, help="Seconds between changes (default: 3).")
        parser.add_argument("--count", type=whole_number(1, 10**9), help="Stop after so many changes (default: never).")
        parser.add_argument("--seed", type=whole_number(0, 2**32), help="Make the same choices again.")

    def handle(self, *args: Any, **options: Any) -> None:
        people = demo_people()
        if not {HEAD, FINANCE, *ENGINEERS} <= people.keys():
            raise CommandError("There are no demo people here; make them with demo_data first.")
        changes = Changes(people, Random(options["seed"]))
        made = 0
        with stopped_by_signals() as stopped:
            while not stopped.is_set() and made != options["count"]:
                if made:
                    stopped.wait(options["every"])
                    if stopped.is_set():
                        break
                made += self._change(changes, options, stopped)

    def _change(self, changes: Changes, options: dict[str, Any], stopped: threading.Event) -> int:
        """Make a change and return 1, or 0 if the database was unavailable or busy, which does not end the command."""
        try:
            summary = changes.make_one()
        except (OperationalError, InterfaceError) as fault:
            self.stderr.write(f"The database refused, trying again: {first_line(fault)}")
            connection.close()
            stopped.wait(max(options["every"], RETRY_SECONDS))
            return 0
        self.report(options, summary, {"change": summary})
        self.stdout.flush()
        return 1


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set, so that the current change is finished first."""
    stopped = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stopped.set()) for number in signals]
    try:
        yield stopped
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def seconds_text(text: str) -> float:
    """An argument's type: seconds, up to a day."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= 86_400:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds from 0 to 86400")
    return seconds
