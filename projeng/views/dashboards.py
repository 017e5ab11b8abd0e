"""The home pages of the three roles."""

from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ..access import Role, visible_projects
from ..budget import Budget
from ..filters import ANY_LEVEL, at_level, with_spent
from ..models import Project, ProjectActivity, ProjectCost, ProjectMilestone
from ..states import DASHBOARD_STATUSES, dashboard_counts
from .guards import for_roles

RECENT_PROJECTS = 8
RECENT_ACTIVITY = 15
MOST_SPENT = 15
LATEST_COSTS = 15
NEXT_MILESTONES = 8


@require_safe
@for_roles(Role.HEAD)
def head(request: HttpRequest) -> HttpResponse:
    """The dashboard of Head Engineers: all projects and the latest activity."""
    projects = visible_projects(request.user)
    alarming = at_level(with_spent(projects), ANY_LEVEL).order_by(F("spent_share").desc(), "-pk")
    context = _overview(projects) | {"alarming": alarming[:RECENT_PROJECTS]}
    return render(request, "dashboards/head.html", context)


@require_safe
@for_roles(Role.ENGINEER, Role.HEAD)
def engineer(request: HttpRequest) -> HttpResponse:
    """The dashboard of Project Engineers: the projects that they are assigned to."""
    projects = visible_projects(request.user)
    milestones = ProjectMilestone.objects.not_voided().filter(project__in=projects, is_completed=False)
    context = _overview(projects) | {
        "milestones": milestones.select_related("project").order_by("target_date", "pk")[:NEXT_MILESTONES],
        "today": timezone.localdate(),
    }
    return render(request, "dashboards/engineer.html", context)


@require_safe
@for_roles(Role.FINANCE, Role.HEAD)
def finance(request: HttpRequest) -> HttpResponse:
    """The dashboard of Finance Managers: budgets, spending and the latest costs."""
    projects = visible_projects(request.user)
    costs = ProjectCost.objects.not_voided().filter(project__in=projects)
    budgeted = projects.filter(project_cost__gt=0)
    budget = Budget(
        spent=costs.filter(project__in=budgeted).aggregate(sum=Sum("amount"))["sum"] or Decimal(0),
        total=budgeted.aggregate(sum=Sum("project_cost"))["sum"],
    )
    rows = with_spent(projects)
    overview = _overview(projects)
    levels = {level: at_level(rows, level).count() for level in ("WARNING", "CRITICAL", "URGENT")}
    unbudgeted = overview["total_projects"] - budgeted.count()
    context = overview | {
        "budget": budget,
        "unbudgeted_spent": costs.exclude(project__in=budgeted).aggregate(sum=Sum("amount"))["sum"],
        "levels": levels,
        "unbudgeted": unbudgeted,
        "at_no_level": overview["total_projects"] - unbudgeted - sum(levels.values()),
        "most_spent": rows.filter(project_cost__gt=0).order_by(F("spent_share").desc(), "-pk")[:MOST_SPENT],
        "costs": costs.select_related("project", "created_by").order_by("-created_at", "-pk")[:LATEST_COSTS],
    }
    return render(request, "dashboards/finance.html", context)


def _overview(projects: QuerySet[Project]) -> dict[str, Any]:
    counts = dashboard_counts(projects)
    activities = ProjectActivity.objects.filter(project__in=projects).select_related("project")
    return {
        "total_projects": counts["total_projects"],
        "counters": [(status, counts["status_counts"][status.value]) for status in DASHBOARD_STATUSES],
        "projects": with_spent(projects).order_by("-updated_at", "-pk")[:RECENT_PROJECTS],
        "activities": activities.order_by("-pk")[:RECENT_ACTIVITY],
    }
