"""Stores the demo's projects. Their past is written in bulk with one summary event; recent changes are announced."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from django.db import transaction
from django.utils import timezone

from realtime.integration.signals import authority_changed

from ..actor import acting
from ..importing.reading import Row
from ..models import Project, ProjectActivity, ProjectCost, ProjectMilestone, ProjectProgress
from ..notifications import projects_changed
from .changes import Changes
from .people import HEAD
from .projects import Draft, Planner


@transaction.atomic
def make_projects(people: Mapping[str, Any], rng: Random, rows: Sequence[Row] | None = None) -> int:
    """Store the demo's projects (or those of ``rows``) that do not exist yet. Return the number of new projects."""
    planner = Planner(people, rng, timezone.localdate())
    drafts = planner.office() if rows is None else [planner.with_past({"prn": row.prn, **row.values}) for row in rows]
    stored = set(Project.objects.values_list("prn", flat=True))
    before = len(stored)
    drafts = [draft for draft in drafts if draft.project.prn not in stored]
    if drafts:
        _store_past(drafts)
        with acting(people[HEAD]):
            entered = Project.objects.filter(created_by=people[HEAD])
            projects_changed(entered, source="the demo data", created=len(drafts))
        Changes(people, rng).make_each_kind()
    return Project.objects.count() - before


def _store_past(drafts: list[Draft]) -> None:
    _store(Project, [draft.project for draft in drafts], ["created_at", "updated_at"])
    _store(ProjectProgress, [report for draft in drafts for report in draft.reports], ["created_at"])
    _store(ProjectCost, [cost for draft in drafts for cost in draft.costs], ["created_at"])
    _store(ProjectMilestone, [milestone for draft in drafts for milestone in draft.milestones], [])
    lines = [line for draft in drafts for line in draft.timeline]
    ProjectActivity.objects.bulk_create(sorted(lines, key=lambda line: line.at))
    assigned = Project.assigned_engineers.through
    assigned.objects.bulk_create(
        assigned(project=draft.project, user=engineer) for draft in drafts for engineer in draft.engineers
    )
    authority_changed({engineer.pk for draft in drafts for engineer in draft.engineers})


def _store(model: type, rows: list[Any], timestamps: list[str]) -> None:
    """Store rows with the values of their ``timestamps`` fields, which an insert sets to the current time."""
    intended = [[getattr(row, name) for name in timestamps] for row in rows]
    model.objects.unannounced().bulk_create(rows)
    for row, values in zip(rows, intended, strict=True):
        for name, value in zip(timestamps, values, strict=True):
            setattr(row, name, value)
    if timestamps:
        model.objects.unannounced().bulk_update(rows, timestamps, batch_size=200)
