"""The events that could not be handled."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from comm_service.exchange import parked
from comm_service.management.broker import refused_in_one_line, require_broker
from realtime.management.scripted import ScriptedCommand, whole_number


class Command(ScriptedCommand):
    help = "List the events of other services that could not be handled and are parked at RABBITMQ_URL."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--most", type=whole_number(1, 10_000), default=100, help="So many (default: 100).")
        parser.add_argument("--again", action="store_true", help="Put them back into the queue, to be handled again.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_broker()
        with refused_in_one_line():
            if options["again"]:
                number = parked.put_back(options["most"])
                self.report(options, f"{number} put back.", {"put_back": number})
                return
            found = parked.parked(options["most"])
        lines = [f"{one.key}: {one.reason} {one.body!r}" for one in found]
        self.report(options, "\n".join(lines) or "Nothing is parked.", {"parked": [asdict(one) for one in found]})
