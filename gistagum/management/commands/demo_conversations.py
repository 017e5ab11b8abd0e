"""Lets the demo's people write to each other at intervals, so that messages have something to show."""

import threading
from argparse import ArgumentParser
from random import Random
from typing import Any

from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError, connection

from gistagum.demo.conversations import Writing
from messaging.errors import MessagingError
from projeng.demo.people import ENGINEERS, FINANCE, HEAD, demo_people
from projeng.management.commands.demo_activity import seconds_text, stopped_by_signals
from realtime.management.scripted import ScriptedCommand, first_line, whole_number

TYPES_SECONDS = 2.0  # at most, before a line
RETRY_SECONDS = 1.0  # the shortest pause after a database error


class Command(ScriptedCommand):
    help = (
        "Make some conversations between the demo's people, and let them write to each other every few seconds, until "
        "it is stopped (Ctrl-C). Conversations that are there already go on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--every", type=seconds_text, default=8.0, help="Seconds between messages (default: 8).")
        parser.add_argument(
            "--count",
            type=whole_number(0, 10**9),
            help="Stop after so many messages; 0 only makes the conversations (default: never).",
        )
        parser.add_argument("--if-people", action="store_true", help="Do nothing where there are no demo people.")
        parser.add_argument("--seed", type=whole_number(0, 2**32), help="Make the same choices again.")

    def handle(self, *args: Any, **options: Any) -> None:
        people = demo_people()
        if not {HEAD, FINANCE, *ENGINEERS} <= people.keys():
            if options["if_people"]:
                return
            raise CommandError("There are no demo people here; make them with demo_data first.")
        writing = Writing(people, Random(options["seed"]))
        made = writing.begin()
        self.report(options, f"{made} messages of the demo's people made.", {"messages_made": made})
        written = 0
        with stopped_by_signals() as stopped:
            while not stopped.is_set() and written != options["count"]:
                typed = min(options["every"] / 2, TYPES_SECONDS)
                stopped.wait(options["every"] - typed)
                if stopped.is_set():
                    break
                written += self._write(writing, options, stopped, typed)

    def _write(self, writing: Writing, options: dict[str, Any], stopped: threading.Event, typed: float) -> int:
        """Write a line and return 1, or 0 where it was refused, which does not end the command."""
        try:
            line = writing.next_line(stopped.wait, typed)
        except MessagingError as refusal:  # somebody has left a conversation, say
            self.stderr.write(refusal.text)
            return 0
        except (OperationalError, InterfaceError) as fault:
            self.stderr.write(f"The database refused, trying again: {first_line(fault)}")
            connection.close()
            stopped.wait(max(options["every"], RETRY_SECONDS))
            return 0
        self.report(options, line, {"message": line})
        self.stdout.flush()
        return 1
