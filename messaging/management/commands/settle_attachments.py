"""Asks again for attachments that are pending, and deletes what is over: uploads, files, kept answers."""

from argparse import ArgumentParser
from typing import Any

from messaging.attachments import discarded, pending
from messaging.attachments.models import Attachment
from messaging.idempotency import keys
from realtime.management.scripted import ScriptedCommand, whole_number


class Command(ScriptedCommand):
    help = (
        "Ask the malware scanner and the content service again for attachments that are pending. Delete uploads that "
        "were not sent within a day, files of attachments that were deleted, and answers that are kept no longer. Run "
        "it every few minutes; it may run while the site is in use."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--most",
            type=whole_number(1, 100_000),
            default=1000,
            help="Handle so many of each at a time (default: %(default)s).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        settled = pending.settle(options["most"])
        swept = pending.sweep(options["most"])
        waiting = Attachment.objects.filter(state=Attachment.State.PENDING).count()
        files, given_up = discarded.clear(options["most"]), discarded.given_up()
        answers = keys.sweep(options["most"])
        words = f"{settled} settled, {waiting} still pending, {swept} deleted that were not sent."
        if files or given_up:
            words += f" {files} discarded files deleted, {given_up} given up."
        if answers:
            words += f" {answers} kept answers deleted."
        counts = {"settled": settled, "pending": waiting, "deleted": swept, "answers_deleted": answers}
        self.report(options, words, {**counts, "files_deleted": files, "files_given_up": given_up})
