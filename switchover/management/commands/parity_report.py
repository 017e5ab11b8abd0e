"""Reports what each way of a move did, and whether the new one may stay: by default what browsers received."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.utils import timezone

from realtime.management.scripted import ScriptedCommand
from switchover.management.options import add_move

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Command(ScriptedCommand):
    help = (
        "Compare what browsers should have got with what they reported: connections, missing and doubled events, "
        "delays from commit to browser, fallbacks, people's word; and a verdict on WebSocket with its numbers: good, "
        "bad, or not enough data. With --move: how often each way of that move answered, how quickly, and how often "
        "the two differed. Changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--since", type=span, default=span("1h"), metavar="SPAN", help="How far back: 30m, 1h (the default), 2d."
        )
        add_move(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        found = options["move"].measure(now - options["since"], now)
        self.report(options, found.text(), found.outcome())


def span(text: str) -> timedelta:
    """``30m``, ``1h`` or ``7d`` as a time span; up to 90 days."""
    match = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text)
    found = timedelta(**{UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if not timedelta() < found <= timedelta(days=90):
        raise ArgumentTypeError(f"{text!r} is no time span such as 30m, 1h or 7d (90d at most)")
    return found
