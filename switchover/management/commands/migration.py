"""Reports the phase of the migration that is in force, and what is missing before another."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError

from realtime.management.scripted import ScriptedCommand, whole_number
from switchover.transport import checklist, phases


class Command(ScriptedCommand):
    help = (
        "status: the phase that this command's own configuration makes, and that of each server process, from what it "
        "runs with. check --to N: the safety checklist before phase N, each line with its evidence or what is missing; "
        "exit status 1 when anything is missing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("action", choices=["status", "check"])
        parser.add_argument("--to", type=whole_number(0, phases.LAST), metavar="N", help="The phase to go to (check).")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "status":
            self._status(options)
        elif options["to"] is None:
            raise CommandError("Say which phase: --to N.", returncode=2)
        else:
            self._check(options, options["to"])

    def _status(self, options: dict[str, Any]) -> None:
        here, servers = checklist.here(), checklist.servers()
        lines = [f"This configuration: {here} ({here.why})."]
        for one in servers:
            lines.append(
                f"{one['server']} {one['pid']} on {one['host']}: {one['phase']}; code {one['version']}; "
                f"{one['sse']} streams, {one['websocket']} sockets"
            )
        if not servers:
            lines.append("No server process has been seen lately.")
        if any(str(one["phase"]) != str(here) for one in servers):
            lines.append("What runs is not what is configured here: restart the site, or look at its environment.")
        self.report(
            options,
            "\n".join(lines),
            {"here": asdict(here), "servers": [{**one, "phase": asdict(one["phase"])} for one in servers]},
        )

    def _check(self, options: dict[str, Any], to: int) -> None:
        found = checklist.findings(to)
        missing = [one for one in found if not one.well]
        lines = [f"Before phase {to}, {phases.NAMES[to]}:"]
        lines += [f"  {'yes' if one.well else 'NO '} {one.name}: {one.evidence}" for one in found]
        lines.append("Nothing is missing." if not missing else f"{len(missing)} of {len(found)} are missing.")
        self.report(
            options,
            "\n".join(lines),
            {"to": to, "well": not missing, "findings": [asdict(one) for one in found]},
        )
        if missing:
            raise CommandError(f"Not ready for phase {to}: {', '.join(one.name for one in missing)}.", returncode=1)
