"""The publisher of events."""

from argparse import ArgumentParser
from typing import Any

from comm_service.exchange import publishing
from comm_service.exchange.running import until_told
from comm_service.management.broker import refused_in_one_line, require_broker
from realtime.management.scripted import ScriptedCommand


class Command(ScriptedCommand):
    help = (
        "Publish the events of the communication API at RABBITMQ_URL, as they are written, until SIGTERM. The broker "
        "may go away and come back. Several may run at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--once", action="store_true", help="Publish what waits now, and end.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_broker()
        if options["once"]:
            with refused_in_one_line():
                number = publishing.run_once()
            self.report(options, f"{number} published.", {"published": number})
            return
        with until_told() as stop:
            publishing.run(stop)
