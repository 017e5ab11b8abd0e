"""What the page of a move shows, read in a fixed number of queries, each over a bounded window."""

from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from ..checklist import running
from ..demotions.models import Demotion
from ..evidence.report import Evidence
from ..moves import Move, all_moves
from ..phases import as_text
from ..shadow.models import Difference

DAYS = (1, 7, 14)
MOST_DIFFERENCES = 50
MOST_ENDPOINTS = 60
MOST_CHANGES = 20


def span(asked: str | None) -> timedelta:
    """How far back the page looks: of the days that it offers, a day by default."""
    return timedelta(days=next((days for days in DAYS if str(days) == asked), DAYS[0]))


def listed() -> list[dict[str, Any]]:
    """Every move with its phase, by what runs, and with how many demotions."""
    return [
        {
            "move": move,
            "address": address(move),
            "standing": _standing(move),
            "held": len(move.demotions.held()),
        }
        for move in all_moves()
    ]


def address(move: Move) -> str:
    """The address of a move's page."""
    return reverse(move.page) if move.page else reverse("move", args=[move.name])


def shown(move: Move, back: timedelta) -> dict[str, Any]:
    """The context of a move's page."""
    now = timezone.now()
    evidence = move.measure(now - back, now)
    servers = running(move.standing)
    standing = servers[0][1] if servers else move.standing(move.values())
    return {
        "move": move,
        "back": back.days,
        "days": DAYS,
        "now": now,
        "standing": standing,
        "to": 0 if standing.number is None else min(standing.number + 1, max(move.phase_names, default=0)),
        "differ": len({str(phase) for _, phase in servers}) > 1,
        "servers": servers,
        "flags": [(name, as_text(value) or "none") for name, value in move.values().items()],
        "evidence": evidence,
        "ways": _shares(evidence) if isinstance(evidence, Evidence) else [],
        "endpoints": list(evidence.endpoints.items())[:MOST_ENDPOINTS] if isinstance(evidence, Evidence) else [],
        "differences": _differences(move, now - back),
        "held": move.demotions.held(),
        "changes": Demotion.objects.filter(move=move.name).exclude(until=None)[:MOST_CHANGES],
        "phases": list(move.phase_names.items()),
        "watches": list(move.watch_states().order_by("name")[:10]),
    }


def _standing(move: Move) -> Any:
    servers = running(move.standing)
    return servers[0][1] if servers else move.standing(move.values())


def _shares(evidence: Evidence) -> list[dict[str, Any]]:
    """Each way with its share of the answers that callers were given."""
    total = sum(tally.served for tally in evidence.ways.values())
    return [
        {"name": name, **tally.numbers(), "percent": round(100 * tally.served / total) if total else 0}
        for name, tally in evidence.ways.items()
    ]


def _differences(move: Move, since: datetime) -> list[Difference]:
    seen = Difference.objects.filter(move=move.name, last_at__gte=since)
    return list(seen.order_by("-times", "-last_at")[:MOST_DIFFERENCES])
