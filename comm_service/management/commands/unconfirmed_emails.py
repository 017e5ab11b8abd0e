"""The e-mails of which nobody knows whether they were sent: listed, and decided."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any
from uuid import UUID

from django.utils import timezone

from comm_service.email import unconfirmed
from comm_service.models import Status
from realtime.log.events import iso
from realtime.management.scripted import ScriptedCommand, whole_number


class Command(ScriptedCommand):
    help = (
        "List the e-mails that were handed over to a mail server and not confirmed (status 'sending'). They are never "
        "sent again by themselves. Look into the mail server's log, and record what you find."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--most", type=whole_number(1, 10_000), default=100, help="List so many (default: 100).")
        decision = parser.add_mutually_exclusive_group()
        decision.add_argument("--sent", type=_id, nargs="+", metavar="ID", help="These were sent.")
        decision.add_argument("--failed", type=_id, nargs="+", metavar="ID", help="These were not sent.")
        decision.add_argument("--again", type=_id, nargs="+", metavar="ID", help="Try these again, even if twice.")

    def handle(self, *args: Any, **options: Any) -> None:
        for name, status in (("sent", Status.SENT), ("failed", Status.FAILED), ("again", Status.PENDING)):
            if options[name]:
                number = unconfirmed.decide(options[name], status)
                self.report(options, f"{number} decided: {name}.", {"decided": number, "as": name})
                return
        rows = unconfirmed.unconfirmed(timezone.now())[: options["most"]]
        listed = [
            {
                "id": str(row.pk),
                "created_at": iso(row.created_at),
                "last_error": row.last_error or unconfirmed.UNCONFIRMED,
            }
            for row in rows
        ]
        lines = [f"{one['id']} of {one['created_at']}: {one['last_error']}" for one in listed]
        self.report(options, "\n".join(lines) or "Every e-mail is confirmed.", {"unconfirmed": listed})


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not the id of an e-mail") from None
