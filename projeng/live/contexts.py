"""The template contexts of the pages that show projects, for a page and for its single regions alike.

What costs a query is a function that runs when the template first needs it, so that a region that is not rendered costs
nothing.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils import timezone

from .. import consistency
from ..access import Role, may_correct_as
from ..budget import Budget
from ..filters import with_spent_total
from ..models import Project, ProjectActivity, ProjectCost, ProjectMilestone
from ..parts import ProjectPart
from ..spending import alarming, most_spent, spending
from ..states import DASHBOARD_STATUSES, dashboard_counts

PAGE = 25
RECENT_PROJECTS = 8
RECENT_ACTIVITY = 15
MOST_SPENT = 15
LATEST_COSTS = 15
NEXT_MILESTONES = 8
LONG_LIST = 50  # costs, reports and so on; a link shows the rest
TIMELINE = 50
RECENT_CORRECTIONS = 5

Context = dict[str, Any]


def head(projects: QuerySet[Project]) -> Context:
    """The dashboard of Head Engineers: all projects and the latest activity."""
    return _overview(projects) | {"alarming": cache(lambda: alarming(projects, RECENT_PROJECTS))}


def engineer(projects: QuerySet[Project]) -> Context:
    """The dashboard of Project Engineers: the projects that they are assigned to."""
    milestones = _parts(ProjectMilestone, projects).filter(is_completed=False).select_related("project")
    return _overview(projects) | {
        "milestones": milestones.order_by("target_date", "pk")[:NEXT_MILESTONES],
        "today": timezone.localdate(),
    }


def finance(projects: QuerySet[Project]) -> Context:
    """The dashboard of Finance Managers: budgets, spending and the latest costs."""
    spent = cache(lambda: spending(projects))
    latest = _parts(ProjectCost, projects).order_by("-created_at", "-pk")
    costs = ProjectCost.objects.select_related("project", "created_by").order_by("-created_at", "-pk")
    overview = _overview(projects)
    return overview | {
        "budget": lambda: spent().budget,
        "unbudgeted_spent": lambda: spent().unbudgeted_spent,
        "levels": lambda: spent().levels,
        "unbudgeted": lambda: overview["total_projects"]() - spent().budgeted,
        "at_no_level": lambda: spent().budgeted - sum(spent().levels.values()),
        "most_spent": cache(lambda: most_spent(projects, MOST_SPENT)),
        # Two queries: sorting only ids, without what they refer to, takes a third of the time.
        "costs": cache(lambda: costs.filter(pk__in=list(latest.values_list("pk", flat=True)[:LATEST_COSTS]))),
    }


def project_list(projects: QuerySet[Project], *, page: str | None = None, narrowed: bool = False) -> Context:
    """The project list: one page of these projects, which are in their order and annotated by ``with_spent_total``."""
    return {"page": cache(lambda: Paginator(projects, PAGE).get_page(page)), "narrowed": narrowed}


def project(shown: Project, rights: Context, *, everything: bool = False) -> Context:
    """The page of one project, for somebody with these ``rights``."""
    limit = None if everything else LONG_LIST

    def listed(kind: str, rows: QuerySet) -> dict[str, Any]:
        found = _listed(rows.with_history(), limit)
        enters = rights["may_add_cost" if kind == "costs" else "may_report"]
        for part in found["rows"]:
            part.is_correctable = may_correct_as(rights["role"], rights["user_id"], part, enters=enters)
        return found

    lists: dict[str, Callable[[], QuerySet]] = {
        "costs": lambda: shown.costs.select_related("created_by"),
        "reports": lambda: shown.progress_updates.select_related("created_by"),
        "milestones": lambda: shown.milestones.all(),
        "documents": lambda: shown.documents.select_related("uploaded_by"),
    }
    return (
        rights
        | {kind: cache(lambda kind=kind, rows=rows: listed(kind, rows())) for kind, rows in lists.items()}
        | {
            "project": shown,
            "contradiction": consistency.contradiction(shown.status, shown.progress),
            "suggestion": consistency.suggestion(shown.status, shown.progress),
            "corrections": shown.corrections.all()[:RECENT_CORRECTIONS],
            "budget": cache(lambda: Budget(shown.spent, shown.project_cost)),
            "engineers": shown.assigned_engineers.order_by("first_name", "last_name", "username"),
            "activities": shown.activities.all()[:TIMELINE],
            "today": timezone.localdate(),
        }
    )


def rights(role: Role | None, user_id: int, *, assigned: bool) -> Context:
    """What somebody of this role may do with a project; ``assigned``: as an engineer, are they assigned to it."""
    may_report = role is Role.HEAD or (role is Role.ENGINEER and assigned)
    return {
        "role": role,
        "user_id": user_id,
        "may_manage": role is Role.HEAD,
        "may_report": may_report,
        "may_add_cost": role is Role.FINANCE or may_report,
    }


def _overview(projects: QuerySet[Project]) -> Context:
    counts = cache(lambda: dashboard_counts(projects))
    activities = _parts(ProjectActivity, projects).select_related("project").only("at", "summary", "project__name")
    return {
        "total_projects": lambda: counts()["total_projects"],
        "counters": lambda: [(status, counts()["status_counts"][status.value]) for status in DASHBOARD_STATUSES],
        "projects": with_spent_total(projects).order_by("-updated_at", "-pk")[:RECENT_PROJECTS],
        "activities": activities.order_by("-pk")[:RECENT_ACTIVITY],
    }


def _parts(model: type, projects: QuerySet[Project]) -> QuerySet:
    """The parts of these projects. Where these are all projects, the database need not be asked which."""
    parts = model.objects.not_voided() if issubclass(model, ProjectPart) else model.objects.all()
    return parts.filter(project__in=projects) if projects.query.has_filters() else parts


def _listed(rows: QuerySet, limit: int | None) -> dict[str, Any]:
    shown = list(rows[: None if limit is None else limit + 1])
    more = limit is not None and len(shown) > limit
    return {"rows": shown[:limit], "total": rows.count() if more else len(shown), "more": more}
