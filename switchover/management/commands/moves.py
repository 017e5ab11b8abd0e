"""Says which moves there are, takes the new way of one away at run time, and gives it back."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from realtime.log.events import iso
from realtime.management.scripted import ScriptedCommand
from switchover import moves
from switchover.choosing import ALL, CALLER, GROUP
from switchover.demotions.interface import LONGEST_REASON, LONGEST_SUBJECT
from switchover.management.operator import operator
from switchover.management.options import add_move
from switchover.moves import Move


class Command(ScriptedCommand):
    help = (
        "show: every move, its phase by this command's configuration, and what is taken away. take: take the new way "
        "of a move away (from one caller, a group or all) without a restart; each process follows within a second. "
        "restore: give back what the flags grant; with --all, everywhere. Every change is recorded."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("action", choices=["show", "take", "restore"])
        add_move(parser, default=None)
        scope = parser.add_mutually_exclusive_group()
        scope.add_argument("--caller", metavar="KEY", help="One caller, by the key that the move gives it.")
        scope.add_argument("--group", metavar="NAME", help="The members of a group.")
        scope.add_argument("--all", action="store_true", help="Everybody.")
        parser.add_argument("--reason", default="", metavar="TEXT", help="Why; kept in the record. take needs one.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "show":
            self._show(options)
            return
        move: Move | None = options["move"]
        if move is None:
            raise CommandError("Say which move: --move NAME.", returncode=2)
        scope, name, named = _scope(options)
        try:
            subject = move.subject_of(scope, name) if name else name
        except LookupError as error:
            raise CommandError(str(error), returncode=2) from None
        reason = options["reason"].strip()
        if max(len(reason) - LONGEST_REASON, len(subject) - LONGEST_SUBJECT) > 0:
            raise CommandError(
                f"--reason may have {LONGEST_REASON} characters, a name {LONGEST_SUBJECT}.", returncode=2
            )
        by = f"{operator()} (manage.py moves)"
        if options["action"] == "take":
            if not reason:
                raise CommandError("Say why: --reason TEXT. It is what the next operator will read.", returncode=2)
            changed = move.demotions.demote(scope, subject, reason=reason, by=by)
            words = f"{move.subject} is taken away from {named}." if changed else f"It was taken from {named} already."
        else:
            changed = move.demotions.restore(scope, subject, reason=reason, by=by)
            words = f"Given back to {named} what the flags grant." if changed else f"Nothing was taken from {named}."
        outcome = {"action": options["action"], "move": move.name, "scope": scope, "subject": subject}
        self.report(options, words, {**outcome, "changed": changed})

    def _show(self, options: dict[str, Any]) -> None:
        outcome: list[dict[str, Any]] = []
        lines = []
        for move in moves.all_moves():
            here, held = move.standing(move.values()), move.demotions.held()
            lines.append(f"{move.name}, from {move.old} to {move.new}: {here} ({here.why})")
            lines += [
                f"  taken away from {one.scope} {one.subject}: {one.reason} ({one.by}, {iso(one.since)})"
                for one in held
            ]
            outcome.append(
                {
                    "move": move.name,
                    "old": move.old,
                    "new": move.new,
                    "phase": here.number,
                    "why": here.why,
                    "held": [vars(one) for one in held],
                }
            )
        self.report(options, "\n".join(lines), {"moves": outcome})


def _scope(options: dict[str, Any]) -> tuple[str, str, str]:
    """The scope, its subject as the operator calls it, and how to name both."""
    if options["all"]:
        return ALL, "", "everybody"
    if name := options["group"]:
        return GROUP, name, f"group {name}"
    if name := options["caller"]:
        return CALLER, name, f"caller {name}"
    raise CommandError("Say for whom: --caller KEY, --group NAME or --all.", returncode=2)
