"""Takes WebSocket away at run time, gives it back, and says who has which transport and why."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import CommandError

from realtime.access import accounts
from realtime.log.events import iso
from realtime.management.scripted import ScriptedCommand
from realtime.rollout.models import TransportChange, TransportHold
from switchover.management.operator import operator
from switchover.transport import demotions, grants, transport

SHOWN = 10  # changes in the record that `show` prints
LONGEST_REASON = 300


class Command(ScriptedCommand):
    help = (
        "sse: take WebSocket away (from one user, a group or all) without a restart; connected browsers move to SSE "
        "within five seconds and miss nothing. restore: give back what the flags grant; with --all, everywhere. "
        "show: flags, what is taken away, the last changes; with --user, that person's transport and why. "
        "Every change is recorded. Doing again what is done already changes nothing and is no error."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("action", choices=["sse", "restore", "show"])
        scope = parser.add_mutually_exclusive_group()
        scope.add_argument("--user", metavar="NAME", help="One person, by user name.")
        scope.add_argument("--group", metavar="NAME", help="The members of a group.")
        scope.add_argument("--all", action="store_true", help="Everybody.")
        parser.add_argument("--reason", default="", metavar="TEXT", help="Why; kept in the record. sse needs one.")

    def handle(self, *args: Any, **options: Any) -> None:
        scope, target, named = self._scope(options)
        if options["action"] == "show":
            self._show(options, scope, target)
            return
        if scope is None:
            raise CommandError("Say for whom: --user NAME, --group NAME or --all.", returncode=2)
        reason = options["reason"].strip()
        if len(reason) > LONGEST_REASON:
            raise CommandError(f"--reason has {len(reason)} characters; {LONGEST_REASON} fit.", returncode=2)
        by = f"{operator()} (manage.py transport)"
        if options["action"] == "sse":
            if not reason:
                raise CommandError("Say why: --reason TEXT. It is what the next operator will read.", returncode=2)
            changed = demotions.demote(scope, target, reason=reason, by=by)
            words = f"WebSocket is taken away from {named}." if changed else f"It was taken away from {named} already."
        else:
            changed = demotions.restore(scope, target, reason=reason, by=by)
            words = f"Given back to {named} what the flags grant." if changed else f"Nothing was taken from {named}."
        self.report(options, words, {"action": options["action"], "scope": scope, "target": target, "changed": changed})

    def _scope(self, options: dict[str, Any]) -> tuple[str | None, str, str]:
        """The scope, its target, and how to name it. Raises CommandError for a user or group that there is not."""
        if options["all"]:
            return transport.ALL, "", "everybody"
        if name := options["group"]:
            # A group that is gone may still have a hold to lift.
            known = Group.objects.filter(name=name).exists()
            if not known and not TransportHold.objects.filter(scope=transport.GROUP, target=name).exists():
                raise CommandError(f"There is no group {name!r}.", returncode=2)
            return transport.GROUP, name, f"group {name}"
        if name := options["user"]:
            user = get_user_model().objects.filter(username=name).first()
            if user is None:
                raise CommandError(f"There is no user {name!r}.", returncode=2)
            return transport.USER, str(user.pk), f"user {name}"
        return None, "", ""

    def _show(self, options: dict[str, Any], scope: str | None, target: str) -> None:
        flags, taken = grants.flags(), grants.demotions()
        outcome: dict[str, Any] = {
            "flags": {**asdict(flags), "groups": sorted(flags.groups)},
            "holds": list(TransportHold.objects.order_by("at").values("scope", "target", "reason", "by", "at")),
            "changes": list(TransportChange.objects.values("action", "scope", "target", "reason", "by", "at")[:SHOWN]),
        }
        lines = [
            f"USE_WEBSOCKETS={str(flags.use_websockets).lower()} WEBSOCKET_ROLLOUT_PERCENT={flags.percent} "
            f"WEBSOCKET_ROLLOUT_GROUPS={','.join(sorted(flags.groups))} WEBSOCKET_SHADOW={str(flags.shadow).lower()}"
        ]
        missing = flags.groups - set(Group.objects.filter(name__in=flags.groups).values_list("name", flat=True))
        lines += [f"WEBSOCKET_ROLLOUT_GROUPS names {name!r}, which is no group here." for name in sorted(missing)]
        if scope == transport.USER:
            user = get_user_model().objects.get(pk=target)
            decision = transport.decide(flags, grants.person(user), taken)
            outcome["user"] = {"name": user.get_username(), **decision._asdict()}
            lines.append(f"{user.get_username()}: {decision.transport} ({decision.reason})")
        else:
            users = get_user_model().objects.filter(is_active=True)
            if scope == transport.GROUP:
                users = users.filter(groups__name=target)
            counts = dict.fromkeys((transport.SSE, transport.WEBSOCKET, transport.SHADOW), 0)
            for decision in grants.decisions(accounts.read(set(users.values_list("pk", flat=True)))).values():
                counts[decision.transport] += 1
            outcome["users"] = counts
            lines.append("Users: " + ", ".join(f"{number} {name}" for name, number in counts.items()))
        for hold in outcome["holds"]:
            lines.append(
                f"Taken away from {hold['scope']} {hold['target']}: {hold['reason']} ({hold['by']}, {iso(hold['at'])})"
            )
        for change in outcome["changes"]:
            lines.append(
                f"{iso(change['at'])} {change['action']} {change['scope']} {change['target']}: "
                f"{change['reason'] or 'no reason given'} ({change['by']})"
            )
        self.report(options, "\n".join(lines), outcome)
