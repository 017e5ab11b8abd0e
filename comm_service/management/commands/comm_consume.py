"""The consumer of other services' events."""

from argparse import ArgumentParser
from typing import Any

from comm_service.exchange import consuming
from comm_service.exchange.running import until_told
from comm_service.management.broker import refused_in_one_line, require_broker
from realtime.management.scripted import ScriptedCommand


class Command(ScriptedCommand):
    help = (
        "Make notifications of what other services publish at RABBITMQ_URL, until SIGTERM. The broker may go away and "
        "come back. Several may run at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--once", action="store_true", help="Handle what waits now, and end.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_broker()
        if options["once"]:
            with refused_in_one_line():
                outcomes = dict(consuming.run_once())
            words = ", ".join(f"{number} {name}" for name, number in sorted(outcomes.items()))
            self.report(options, words or "Nothing waits.", outcomes)
            return
        with until_told() as stop:
            consuming.run(stop)
