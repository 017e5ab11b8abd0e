"""Storing the demo office: its past in bulk and in silence, told of once; its present through announced changes."""

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
def make_projects(people: Mapping[str, Any], chance: Random, rows: Sequence[Row] | None = None) -> int:
    """Store the demo's projects (of ``rows``, where given) that are not there yet; returns how many there are more."""
    planner = Planner(people, chance, timezone.localdate())
    drafts = planner.office() if rows is None else [planner.with_past({"prn": row.prn, **row.values}) for row in rows]
    known = set(Project.objects.values_list("prn", flat=True))
    before = len(known)
    drafts = [draft for draft in drafts if draft.project.prn not in known]
    if drafts:
        _store_past(drafts)
        with acting(people[HEAD]):
            entered = Project.objects.filter(created_by=people[HEAD])
            projects_changed(entered, source="the demo data", created=len(drafts))
        Changes(people, chance).make_each_kind()
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


def _store(model: type, rows: list[Any], moments: list[str]) -> None:
    """Store rows with the ``moments`` that they have: inserting sets those to now."""
    meant = [[getattr(row, name) for name in moments] for row in rows]
    model.objects.unannounced().bulk_create(rows)
    for row, values in zip(rows, meant, strict=True):
        for name, value in zip(moments, values, strict=True):
            setattr(row, name, value)
    if moments:
        model.objects.unannounced().bulk_update(rows, moments, batch_size=200)
