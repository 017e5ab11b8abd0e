"""The safety checklist before a phase of a move: the lines that every move has."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from realtime.rollout.models import ServerProcess
from realtime.rollout.presence import alive

from .evidence.interface import Judged
from .findings import Finding


def values(switches: Mapping[str, Any]) -> dict[str, Any]:
    """The bare values of settings.SWITCHES, or of what a process reported."""
    return {name: switch["value"] for name, switch in switches.items()}


def running(standing: Callable[[Mapping[str, Any]], Any]) -> list[tuple[ServerProcess, Any]]:
    """What each process that serves now reports, and the phase of its switches."""
    return [(process, standing(values(process.switches))) for process in alive()]


def serving(standing: Callable[[Mapping[str, Any]], Any]) -> Finding:
    """Whether a server is there, whether all run the same configuration and version, and whether that is this code."""
    found = running(standing)
    if not found:
        return Finding("servers", False, "no server process has been seen lately: start the site, then wait 15 s")
    standings = {str(phase) for _, phase in found}
    versions = {process.version for process, _ in found}
    told = f"{len(found)} running, {' / '.join(sorted(standings))}, code {' / '.join(sorted(versions))}"
    if len(standings) > 1 or len(versions) > 1:
        return Finding("servers", False, f"{told}: they differ, restart those that are behind")
    if versions != {settings.CODE_VERSION}:
        return Finding("servers", False, f"{told}, but here is {settings.CODE_VERSION}: restart the site")
    between = any(phase.number is None for _, phase in found)
    return Finding("servers", not between, told)


def migrations() -> Finding:
    """Whether the database has all tables of this code."""
    executor = MigrationExecutor(connection)
    waiting = [str(migration) for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    if waiting:
        return Finding("database", False, f"{len(waiting)} migrations wait ({waiting[0]} first): manage.py migrate")
    return Finding("database", True, "no migration waits")


def evidence(found: Judged, wanted: str, since: str) -> Finding:
    """Whether what was seen speaks for the step."""
    told = "; ".join([*map(str, found.checks), *found.remarks])
    return Finding("evidence", found.verdict == wanted, f"{found.verdict} since {since} ({told})")
