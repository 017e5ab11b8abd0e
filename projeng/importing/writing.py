"""Writes the validated rows of an import: in bulk, in one transaction, with one summary event."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from .. import consistency
from ..actor import actor_name
from ..formats import shortened
from ..models import Project, ProjectActivity
from ..notifications import DISPLAYED_FIELDS, NOTIFIED_FIELDS, projects_changed
from .based_on import older_export
from .reading import Problem, Row, ends_before_start

CHUNK = 500  # parameters of one query, well below the limits of SQLite and PostgreSQL
LABELS = {"status": "status", **NOTIFIED_FIELDS, **DISPLAYED_FIELDS}


@dataclass
class Plan:
    """The differences between the rows and the stored projects. If there are problems, nothing may be written."""

    new: list[Project] = field(default_factory=list)
    updated: list[tuple[Project, list[str]]] = field(default_factory=list)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)  # rows that are imported, but should be looked at


class Refused(Exception):
    """Some rows conflict with stored values. ``problems`` lists them."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} rows do not go with what is stored.")
        self.problems = problems


def plan(rows: Sequence[Row], *, created_by: Any = None, lock: bool = False) -> Plan:
    """Compare the rows with the stored projects. With ``lock``, these stay locked until the transaction ends."""
    found = Plan()
    if lock:
        _lock_stored(rows)
    for some in _chunks(rows):
        stored = Project.objects.filter(prn__in=[row.prn for row in some]).order_by("pk")
        by_prn = {project.prn: project for project in (stored.select_for_update() if lock else stored)}
        for row in some:
            project = by_prn.get(row.prn)
            if project is None:
                project = Project(prn=row.prn, created_by=created_by, **row.values)
                if row.based_on:
                    reason = "based on an export, but no such project is stored any more (to create it, leave empty: "
                    found.problems.append(Problem(row.line, f"{reason}{', '.join(row.based_on)})"))
                found.new.append(project)
                _warn(found, row, project)
                continue
            changed = [name for name, value in row.values.items() if getattr(project, name) != value]
            if changed and (older := older_export(row.based_on, project)):
                found.problems.append(Problem(row.line, f"{older}; {_both_values(row, project, changed)}"))
                continue
            for name in changed:
                setattr(project, name, row.values[name])
            project.version += bool(changed)
            if not changed:
                found.unchanged += 1
            elif ends_before_start(project.start_date, project.end_date):
                dates = f"from {project.start_date} to {project.end_date}"
                reason = f"together with the stored dates it would end before it starts ({dates})"
                found.problems.append(Problem(row.line, reason))
            else:
                found.updated.append((project, changed))
                if {"status", "progress"} & set(changed):
                    _warn(found, row, project)
    return found


def _both_values(row: Row, project: Project, changed: Iterable[str]) -> str:
    pairs = ((LABELS[name], row.values[name], getattr(project, name)) for name in changed)
    return ", ".join(f"{label}: “{_shown(here)}” here, “{_shown(stored)}” stored" for label, here, stored in pairs)


def _shown(value: Any) -> str:
    return "" if value is None else shortened(value, 60)


def _warn(found: Plan, row: Row, project: Project) -> None:
    """List a status that contradicts the progress."""
    if contradiction := consistency.contradiction(project.status, project.progress):
        suggested = consistency.suggestion(project.status, project.progress)
        found.warnings.append(Problem(row.line, f"{contradiction}. {suggested}"))


def _lock_stored(rows: Sequence[Row]) -> None:
    """Lock the stored projects of the rows in the order of their ids, like every other change.

    In the order of the file, two concurrent imports (or an import and a bulk change) could deadlock.
    """
    if not connection.features.has_select_for_update:
        return
    ids: list[int] = []
    for some in _chunks(rows):
        ids += Project.objects.filter(prn__in=[row.prn for row in some]).order_by().values_list("pk", flat=True)
    for some in _chunks(sorted(ids)):
        Project.lock_all(Project.objects.filter(pk__in=some))


def write(
    rows: Sequence[Row], source: str, *, created_by: Any = None, on_progress: Callable[[int], None] = lambda rows: None
) -> Plan:
    """Write all rows or none. Each changed project gets a line in its timeline, and one event announces all.

    ``source`` is the file's name. ``on_progress`` is called with the number of rows written so far. Raise Refused if a
    row conflicts with stored values.
    """
    try:
        return _write(rows, source, created_by, on_progress)
    except IntegrityError:
        # A concurrent transaction has created one of the new projects. At the second attempt its row is an update.
        return _write(rows, source, created_by, on_progress)


@transaction.atomic
def _write(rows: Sequence[Row], source: str, created_by: Any, on_progress: Callable[[int], None]) -> Plan:
    made = plan(rows, created_by=created_by, lock=True)
    if made.problems:
        raise Refused(made.problems)
    if not made.new and not made.updated:
        return made
    moment = timezone.now()
    done = 0
    unannounced = Project.objects.unannounced()
    # Sorted by PRN, so that concurrent imports of the same projects wait for each other in one order only.
    for projects in _chunks(sorted(made.new, key=lambda project: project.prn)):
        unannounced.bulk_create(projects)
        done += len(projects)
        on_progress(done)
    for pairs in _chunks(made.updated):
        names = {name for _, changed in pairs for name in changed}
        # An upsert, since every row exists. bulk_update would use a CASE per value, which is 4 times slower.
        unannounced.bulk_create(
            [project for project, _ in pairs],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=[*sorted(names), "updated_at", "version"],
        )
        done += len(pairs)
        on_progress(done)
    ProjectActivity.objects.bulk_create(_timeline(made, source, moment))
    # Selected by the timeline's timestamp: a list of ids would be too long for a query, and updated_at varies.
    changed_projects = Project.objects.filter(activities__at=moment).distinct()
    projects_changed(changed_projects, source=source, created=len(made.new), updated=len(made.updated))
    return made


def _timeline(made: Plan, source: str, moment: datetime) -> Iterator[ProjectActivity]:
    actor = actor_name()
    of_file = shortened(source, 100)
    for project in made.new:
        yield _line(project, moment, actor, f"Imported from {of_file} by {actor}")
    for project, changed in made.updated:
        labels = ", ".join(LABELS[name] for name in changed)
        yield _line(project, moment, actor, f"Updated from {of_file} by {actor}: {labels}")


def _line(project: Project, moment: datetime, actor: str, summary: str) -> ProjectActivity:
    return ProjectActivity(project=project, at=moment, actor=shortened(actor), summary=shortened(summary, 500))


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    items = list(items)
    for first in range(0, len(items), CHUNK):
        yield items[first : first + CHUNK]
