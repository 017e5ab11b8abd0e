"""The safety checklist before a phase of the migration: each line with its evidence, or with what is missing."""

import itertools
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from realtime.channel_layer import redis_check
from realtime.log import replay
from realtime.log.events import iso

from .. import checklist
from ..checklist import values
from ..findings import Finding
from . import phases, verdict
from .report import measure, newest_part

REPORTS = "reports"  # below settings.BASE_DIR; `make test-phase` and `make rollback-drill` write there
KEPT = timedelta(days=14)  # evidence that is older proves little
NEEDS_REDIS = 3  # from this phase on, Redis must be healthy where it is used
NEEDS_PARITY = 4  # from this phase on, what browsers reported in the phase before must speak for it
REPORTED = timedelta(days=1)
MOST_JUDGED = 500_000  # receipts, about: a few seconds' work


def here() -> phases.Standing:
    """The phase of this process's own configuration."""
    return phases.standing(values(settings.SWITCHES))


def servers() -> list[dict[str, Any]]:
    """What each process that serves now reports, and the phase of its switches."""
    return [
        {
            "server": process.server,
            "host": process.host,
            "pid": process.pid,
            "phase": phase,
            "version": process.version,
            "started_at": process.started_at,
            "sse": process.sse,
            "websocket": process.websocket,
        }
        for process, phase in checklist.running(phases.standing)
    ]


def findings(to: int) -> list[Finding]:
    """Every line of the checklist before phase ``to``, in the order in which an operator would fix them."""
    suites = [_suite(number) for number in range(max(0, to - 1), to + 1)]
    found = [checklist.serving(phases.standing), _log(), checklist.migrations(), *suites, _drill()]
    if to >= NEEDS_REDIS:
        found.append(_redis())
    if to >= NEEDS_PARITY:
        found.append(_parity())
    return found


def _log() -> Finding:
    return Finding("event log", True, f"can be read, stands at {replay.head()}")


def _suite(number: int) -> Finding:
    name = f"suite of phase {number}"
    report = _report(f"phase-{number}.json")
    if isinstance(report, str):
        return Finding(name, False, f"{report}: make test-phase PHASE={number}")
    told = f"{report['passed']} passed, {report['failed']} failed, {report['finished_at']}"
    return Finding(name, report["failed"] == 0 and report["passed"] > 0, told)


def _drill() -> Finding:
    report = _report("rollback-drill.json")
    if isinstance(report, str):
        return Finding("rollback drill", False, f"{report}: make rollback-drill")
    if report.get("scripts") != settings.SCRIPTS_VERSION:
        told = f"last run with other scripts or phases ({report.get('scripts')}, here is {settings.SCRIPTS_VERSION})"
        return Finding("rollback drill", False, f"{told}: make rollback-drill")
    if report.get("faults") != []:
        return Finding(
            "rollback drill", False, f"it failed: {', '.join(report.get('faults') or ['it does not say how'])}"
        )
    slowest = max((pair["seconds"] for pair in report["pairs"]), default=0.0)
    told = (
        f"{len(report['pairs'])} ways between phases with {report['clients']} clients: {report['lost']} lost, "
        f"{report['repeated']} twice, {report['disordered']} out of order; slowest {slowest:.1f} s; "
        f"{report['finished_at']}"
    )
    walked = {(pair["from"], pair["to"]) for pair in report["pairs"]}
    left = [way for way in itertools.permutations(phases.NAMES, 2) if way not in walked]
    if left:
        return Finding("rollback drill", False, f"{told}; {len(left)} ways were not gone, {left[0]} first")
    spotless = report["lost"] == report["repeated"] == report["disordered"] == 0
    return Finding("rollback drill", spotless, told)


def _redis() -> Finding:
    if not settings.REDIS_URL:
        one_process = settings.USE_DAPHNE or settings.WEB_CONCURRENCY == 1
        return Finding("Redis", one_process, "REDIS_URL is not set: the channel layer is in memory, for one process")
    found = redis_check.findings()
    told = ", ".join(one.fault or f"{one.name} ({one.milliseconds} ms)" for one in found)
    return Finding("Redis", found[-1].well, told)


def _parity() -> Finding:
    now = timezone.now()
    parity = measure(newest_part(now - REPORTED, MOST_JUDGED), now)
    told = "; ".join(map(str, parity.checks))
    return Finding("parity", parity.verdict == verdict.GOOD, f"{parity.verdict} since {iso(parity.since)} ({told})")


def _report(name: str) -> dict[str, Any] | str:
    """The report that a suite or a drill left for this code; else why it cannot be used."""
    path = Path(settings.BASE_DIR) / REPORTS / name
    try:
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        finished = parse_datetime(report["finished_at"])
        version = report["version"]
    except FileNotFoundError:
        return "never run here"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{path} cannot be read ({type(error).__name__})"
    if version != settings.CODE_VERSION:
        return f"last run on other code ({version}, here is {settings.CODE_VERSION})"
    if finished is None or timezone.now() - finished > KEPT:
        return f"last run too long ago ({report['finished_at']})"
    return report
