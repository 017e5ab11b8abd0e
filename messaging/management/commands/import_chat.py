"""Imports the conversations of the old chat from its database."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import IntegrityError

from messaging.importing.files import Files
from messaging.importing.old_rows import MESSAGES
from messaging.importing.outcome import Outcome
from messaging.importing.source import CannotRead, opened
from messaging.importing.writing import Importer
from realtime.management.scripted import ScriptedCommand

PROGRESS_MESSAGES = 10_000  # between two lines of progress
NAMED = 1000  # refused rows that are named on stderr; with --json all that are kept are listed


class Command(ScriptedCommand):
    help = (
        "Import conversations and messages of the old chat (tables conversation, chat_message, typing_indicator) from "
        "its database. Ids are kept, people are matched by id, unread counts are counted anew. It can be run again: "
        "what is there already stays. Rows that cannot be imported are named, and left out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "url", metavar="OLD_DATABASE_URL", help="sqlite:///path or postgres://user:password@host:port/name."
        )
        parser.add_argument("--media", type=Path, metavar="FOLDER", help="The old MEDIA_ROOT, for attachments.")
        parser.add_argument("--dry-run", action="store_true", help="Do everything, and take it back at the end.")

    def handle(self, *args: Any, **options: Any) -> None:
        media: Path | None = options["media"]
        if media is not None and not media.is_dir():
            raise CommandError(f"--media: there is no folder {media}.", returncode=2)
        try:
            with opened(options["url"]) as source:
                importer = Importer(source, Files(media), dry_run=options["dry_run"])
                outcome = importer.run(self._progress_writer(source.count(MESSAGES)))
        except CannotRead as fault:
            raise CommandError(str(fault)) from fault
        except IntegrityError as fault:
            raise CommandError(
                "Somebody wrote into the same conversations meanwhile. Nothing was imported: run it again."
            ) from fault
        self._tell(options, outcome)

    def _tell(self, options: dict[str, Any], outcome: Outcome) -> None:
        if not options["json"]:
            for refusal in outcome.refusals[:NAMED]:
                self.stderr.write(str(refusal))
            if outcome.refused > NAMED:
                self.stderr.write(f"… and {outcome.refused - NAMED} others")
        numbers = {
            "conversations": outcome.conversations,
            "messages": outcome.messages,
            "already_here": outcome.present,
            "without_conversation": outcome.without_conversation,
            "moved": outcome.moved,
            "attachments": outcome.attachments,
            "empty_conversations": outcome.empty,
            "wrong_counters": outcome.counters,
            "typing_indicators": outcome.typing,
            "refused": outcome.refused,
        }
        words = (
            f"{outcome.messages} messages in {outcome.conversations} new conversations imported, "
            f"{outcome.present} messages were here already, {outcome.refused} rows refused.\n"
            f"{outcome.without_conversation} messages had no conversation, {outcome.moved} stood in one of others; "
            f"{outcome.counters} unread counters were wrong. {outcome.attachments} attachments brought. Left out: "
            f"{outcome.empty} conversations without messages, {outcome.typing} typing indicators."
        )
        if options["dry_run"]:
            words += "\nOnly tried: nothing was written."
        refusals = [{"table": one.table, "id": one.id, "reason": one.reason} for one in outcome.refusals]
        self.report(options, words, {"dry_run": options["dry_run"], **numbers, "refusals": refusals})

    def _progress_writer(self, total: int) -> Callable[[int], None]:
        """Return a function that writes progress to stderr: in place on a terminal, else as occasional lines."""
        terminal = self.stderr.isatty()
        last = 0

        def write(messages: int) -> None:
            nonlocal last
            if terminal or messages - last >= PROGRESS_MESSAGES:
                last = messages
                text = f"{messages:,} of {total:,} messages"
                self.stderr.write(f"\r{text}" if terminal else text, self.style.NOTICE, ending="" if terminal else "\n")

        return write
