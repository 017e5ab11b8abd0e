"""Asks again for attachments that are pending, and deletes uploads that were never sent."""

from argparse import ArgumentParser
from typing import Any

from messaging.attachments import pending
from messaging.attachments.models import Attachment
from realtime.management.scripted import ScriptedCommand, whole_number


class Command(ScriptedCommand):
    help = (
        "Ask the malware scanner and the content service again for attachments that are pending, and delete uploads "
        "that were not sent within a day. Run it every few minutes; it may run while the site is in use."
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
        words = f"{settled} settled, {waiting} still pending, {swept} deleted that were not sent."
        self.report(options, words, {"settled": settled, "pending": waiting, "deleted": swept})
