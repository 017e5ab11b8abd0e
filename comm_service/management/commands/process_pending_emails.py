"""One pass over the e-mail queue."""

from argparse import ArgumentParser
from typing import Any

from comm_service.email import passes
from comm_service.email.sending import Outcome
from realtime.management.scripted import ScriptedCommand, whole_number


class Command(ScriptedCommand):
    help = (
        "Try each e-mail that is due, once. Celery's beat does the same every COMM_EMAIL_EVERY_SECONDS; this needs "
        "neither a worker nor a broker. It may run beside them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--most",
            type=whole_number(1, 100_000),
            default=passes.MOST,
            help="Try so many at most (default: %(default)s).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        outcomes = passes.run(most=options["most"])
        sent, failed, unknown = (outcomes[one] for one in (Outcome.SENT, Outcome.FAILED, Outcome.UNKNOWN))
        self.report(
            options,
            f"{sent} sent, {failed} not sent, {unknown} unknown.",
            {"sent": sent, "failed": failed, "unknown": unknown},
        )
