"""Writing checked rows of an import: in one transaction, in bulk, announced as one summary."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ..actor import actor_name
from ..formats import shortened
from ..models import Project, ProjectActivity
from ..notifications import SHOWN_FIELDS, TOLD_FIELDS, projects_changed
from .reading import Problem, Row, ends_before_start

CHUNK = 500  # parameters of one query, well under every database's limit
LABELS = {"status": "status", **TOLD_FIELDS, **SHOWN_FIELDS}


@dataclass
class Plan:
    """What importing the rows means for what is stored. With any problem nothing is to be written."""

    new: list[Project] = field(default_factory=list)
    updated: list[tuple[Project, list[str]]] = field(default_factory=list)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)


class Refused(Exception):
    """What is stored does not go with what the file says; ``problems`` says where."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} rows do not go with what is stored.")
        self.problems = problems


def plan(rows: Sequence[Row], *, created_by: Any = None, lock: bool = False) -> Plan:
    """Compare the rows with what is stored; ``lock`` keeps others from changing that until the transaction ends."""
    found = Plan()
    if lock:
        _lock_stored(rows)
    for some in _chunks(rows):
        stored = Project.objects.filter(prn__in=[row.prn for row in some]).order_by("pk")
        by_prn = {project.prn: project for project in (stored.select_for_update() if lock else stored)}
        for row in some:
            project = by_prn.get(row.prn)
            if project is None:
                found.new.append(Project(prn=row.prn, created_by=created_by, **row.values))
                continue
            changed = [name for name, value in row.values.items() if getattr(project, name) != value]
            for name in changed:
                setattr(project, name, row.values[name])
            if not changed:
                found.unchanged += 1
            elif ends_before_start(project.start_date, project.end_date):
                dates = f"from {project.start_date} to {project.end_date}"
                reason = f"together with the stored dates it would end before it starts ({dates})"
                found.problems.append(Problem(row.line, reason))
            else:
                found.updated.append((project, changed))
    return found


def _lock_stored(rows: Sequence[Row]) -> None:
    """Lock the stored projects that the rows are of in the order of their ids, as everybody does.

    In the order of the file, two imports at once (or an import and a bulk change) could wait for each other.
    """
    if not connection.features.has_select_for_update:
        return
    ids: list[int] = []
    for some in _chunks(rows):
        ids += Project.objects.filter(prn__in=[row.prn for row in some]).order_by().values_list("pk", flat=True)
    for some in _chunks(sorted(ids)):
        Project.lock_all(Project.objects.filter(pk__in=some))


def write(
    rows: Sequence[Row], source: str, *, created_by: Any = None, noted: Callable[[int], None] = lambda rows: None
) -> Plan:
    """Write all rows, or none; the timeline of each project that changes gets a line, and one event tells of all.

    ``source`` is the file's name, ``noted`` is told how many rows are written so far. Raises Refused.
    """
    try:
        return _write(rows, source, created_by, noted)
    except IntegrityError:
        # Somebody else has just entered one of the new projects; now it is stored, and its row an update.
        return _write(rows, source, created_by, noted)


@transaction.atomic
def _write(rows: Sequence[Row], source: str, created_by: Any, noted: Callable[[int], None]) -> Plan:
    made = plan(rows, created_by=created_by, lock=True)
    if made.problems:
        raise Refused(made.problems)
    if not made.new and not made.updated:
        return made
    moment = timezone.now()
    done = 0
    silent = Project.objects.unannounced()
    # By PRN: whoever enters some of the same at the same time is waited for, and does not wait in turn.
    for projects in _chunks(sorted(made.new, key=lambda project: project.prn)):
        silent.bulk_create(projects)
        done += len(projects)
        noted(done)
    for pairs in _chunks(made.updated):
        names = {name for _, changed in pairs for name in changed}
        # Each row is there, so each is a conflict. bulk_update does the same with a CASE per value: 4 times slower.
        silent.bulk_create(
            [project for project, _ in pairs],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=[*sorted(names), "updated_at"],
        )
        done += len(pairs)
        noted(done)
    ProjectActivity.objects.bulk_create(_timeline(made, source, moment))
    # By the timeline's moment: a list of ids would be too long for a query, and updated_at of new rows is their own.
    touched = Project.objects.filter(activities__at=moment).distinct()
    projects_changed(touched, source=source, created=len(made.new), updated=len(made.updated))
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
