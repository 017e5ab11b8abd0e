"""The data of the control room, read in a fixed number of queries, each over a bounded window.

The list of users is in people.py, the charts over time are in trends.py.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db.models import Count, Q

from realtime.access.user_ids import all_of_json
from realtime.parity.models import Feedback, LinkReport
from realtime.rollout.models import RolloutWatch, TransportChange, TransportHold
from realtime.rollout.presence import GONE_SECONDS, alive

from ..checklist import values
from ..transport import phases, report, transport
from ..transport.report import NAMES, Parity
from .trends import Window

MOST_SERVERS = 100
MOST_JUDGED = 20_000  # receipts that the verdict is made of, about; manage.py parity_report has no such bound
LISTED = 10
LATEST_WORDS = 8
VERDICT_SECONDS = 20  # for so long a process keeps a verdict that it has made
WORD_SINCE = timedelta(days=7)


# --- servers, phase and flags ----------------------------------------------------------------------------------------


def servers() -> dict[str, Any]:
    """The processes that serve now, the phase that they form together, and each flag with its source."""
    running = list(alive()[:MOST_SERVERS])
    switches = [process.switches for process in running] or [settings.SWITCHES]
    standings = {str(found): found for found in map(_standing, switches)}
    versions = sorted({process.version for process in running} or {settings.CODE_VERSION})
    return {
        "running": [(process, _standing(process.switches)) for process in running],
        "standing": next(iter(standings.values())),
        "standings": list(standings),
        "differ": len(standings) > 1 or len(versions) > 1,
        "versions": versions,
        "phases": [(number, name) for number, name in phases.NAMES.items()],
        "flags": _flags(switches),
        "sse": sum(process.sse for process in running),
        "websocket": sum(process.websocket for process in running),
        "gone_seconds": int(GONE_SECONDS),
    }


def _standing(switches: dict[str, Any]) -> phases.Standing:
    return phases.standing(values(switches))


def _flags(switches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each switch with every value that some server runs with, and its source."""
    flags = []
    for name in phases.SWITCHES:
        found: dict[str, dict[str, Any]] = {}
        for one in switches:
            if name in one:
                held = found.setdefault(repr(one[name]), {**one[name], "servers": 0})
                held["servers"] += 1
        flags.append({"name": name, "values": list(found.values()), "differ": len(found) > 1})
    return flags


# --- the verdict -----------------------------------------------------------------------------------------------------


def parity(view: Window) -> Parity:
    """The report of ``manage.py parity_report`` for this window, or for the newest part of it that is judged quickly.

    It is cached for a few seconds.
    """
    key = f"realtime.parity.{view.hours}"
    found: Parity | None = cache.get(key)
    if found is None:
        found = report.measure(report.newest_part(view.since, MOST_JUDGED), view.now)
        cache.set(key, found, VERDICT_SECONDS)
    return found


def judged(found: Parity) -> list[tuple[str, dict[str, Any]]]:
    """The transports of a report that were used at all, each with its name."""
    order = ("websocket", "sse", "poll")
    return [(NAMES[name], found.tallies[name].numbers()) for name in order if name in found.tallies]


# --- demotions and feedback --------------------------------------------------------------------------


def demotions() -> dict[str, Any]:
    """The demotions in force, who can be demoted, and the latest changes."""
    about = ("scope", "target", "reason", "by", "at")
    holds: list[dict[str, Any]] = [*TransportHold.objects.order_by("at").values(*about)[: LISTED * 10]]
    changes: list[dict[str, Any]] = [*TransportChange.objects.values("action", *about)[:LISTED]]
    targets = {one["target"] for one in (*holds, *changes) if one["scope"] == transport.USER}
    people = get_user_model().objects.filter(pk__in=all_of_json(targets))
    users = {str(user.pk): user for user in people}
    for one in (*holds, *changes):
        user = users.get(one["target"]) if one["scope"] == transport.USER else None
        one["username"] = user.get_username() if user else ""
        one["named"] = _named(one["scope"], one["target"], user)
    return {
        "holds": holds,
        "everybody": next((hold for hold in holds if hold["scope"] == transport.ALL), None),
        "changes": changes,
        "groups": list(Group.objects.order_by("name").values_list("name", flat=True)[:200]),
        "watches": list(RolloutWatch.objects.order_by("name")[:LISTED]),
    }


def _named(scope: str, target: str, user: Any) -> str:
    if scope == transport.ALL:
        return "everybody"
    if scope == transport.GROUP:
        return f"group {target}"
    return (user.get_full_name() or user.get_username()) if user else "an account that is gone"


def feedback(now: datetime) -> dict[str, Any]:
    """The feedback of the last days, by transport and phase, and the latest messages."""
    recent = Feedback.objects.filter(at__gte=now - WORD_SINCE)
    counts = recent.values("transport", "phase").annotate(
        yes=Count("pk", filter=Q(live=True)), no=Count("pk", filter=Q(live=False))
    )
    return {
        "days": WORD_SINCE.days,
        "counts": list(counts.order_by("phase", "transport")[:LISTED]),
        "latest": list(recent.select_related("user")[:LATEST_WORDS]),
    }


def reporting(view: Window) -> int:
    """The number of users whose browsers have reported in this window."""
    recent = LinkReport.objects.filter(reported_at__gte=view.since)
    people: int = recent.aggregate(n=Count("user", distinct=True))["n"]
    return people
