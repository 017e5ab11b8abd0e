"""Reports the phase of a move that is in force, and what is missing before another."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError

from realtime.management.scripted import ScriptedCommand, whole_number
from switchover import phases
from switchover.checklist import running
from switchover.management.options import add_move
from switchover.moves import Move


class Command(ScriptedCommand):
    help = (
        "status: the phase that this command's own configuration makes, and that of each server process, from what it "
        "runs with. check --to N: the safety checklist before phase N, each line with its evidence or what is missing; "
        "exit status 1 when anything is missing. --move: of another move than that of transports."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("action", choices=["status", "check"])
        parser.add_argument(
            "--to", type=whole_number(0, phases.MOST - 1), metavar="N", help="The phase to go to (check)."
        )
        add_move(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        move: Move = options["move"]
        if options["action"] == "status":
            self._status(options, move)
        elif options["to"] is None:
            raise CommandError("Say which phase: --to N.", returncode=2)
        elif options["to"] not in move.phase_names:
            raise CommandError(
                f"There is no phase {options['to']} of {move.name}; there is {_listed(move.phase_names)}.", returncode=2
            )
        else:
            self._check(options, move, options["to"])

    def _status(self, options: dict[str, Any], move: Move) -> None:
        here, servers = move.standing(move.values()), running(move.standing)
        lines = [f"This configuration: {here} ({here.why})."]
        for process, phase in servers:
            lines.append(
                f"{process.server} {process.pid} on {process.host}: {phase}; code {process.version}; "
                f"{process.sse} streams, {process.websocket} sockets"
            )
        if not servers:
            lines.append("No server process has been seen lately.")
        if any(str(phase) != str(here) for _, phase in servers):
            lines.append("What runs is not what is configured here: restart the site, or look at its environment.")
        about = ("server", "host", "pid", "version", "started_at", "sse", "websocket")
        self.report(
            options,
            "\n".join(lines),
            {
                "here": asdict(here),
                "servers": [
                    {**{name: getattr(process, name) for name in about}, "phase": asdict(phase)}
                    for process, phase in servers
                ],
            },
        )

    def _check(self, options: dict[str, Any], move: Move, to: int) -> None:
        found = move.checklist(to)
        missing = [one for one in found if not one.well]
        lines = [f"Before phase {to}, {move.phase_names[to]}:"]
        lines += [f"  {'yes' if one.well else 'NO '} {one.name}: {one.evidence}" for one in found]
        lines.append("Nothing is missing." if not missing else f"{len(missing)} of {len(found)} are missing.")
        self.report(
            options,
            "\n".join(lines),
            {"to": to, "well": not missing, "findings": [asdict(one) for one in found]},
        )
        if missing:
            raise CommandError(f"Not ready for phase {to}: {', '.join(one.name for one in missing)}.", returncode=1)


def _listed(numbers: Any) -> str:
    return ", ".join(map(str, numbers)) or "none"
