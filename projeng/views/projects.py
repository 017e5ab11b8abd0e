"""The project list and the project page."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from .. import consistency
from ..access import Role, may_add_cost, may_correct, may_report, visible_projects
from ..budget import Budget
from ..filters import ProjectFilter, with_spent
from .guards import for_roles, signed_in, visible_project

PAGE = 25
LONG_LIST = 50  # costs, reports and so on; a link shows the rest
TIMELINE = 50
RECENT_CORRECTIONS = 5


@require_safe
@for_roles(*Role)
def project_list(request: HttpRequest) -> HttpResponse:
    """The projects that the user may see, with search, filters, sorting and pages."""
    found = ProjectFilter(request.GET, queryset=with_spent(visible_projects(request.user)))
    page = Paginator(found.qs, PAGE).get_page(request.GET.get("page"))
    context = {"filter": found, "page": page, "narrowed": any(request.GET.get(name) for name in found.filters)}
    return render(request, "projects/list.html", context)


@require_safe
@signed_in
def project_detail(request: HttpRequest, project_id: int) -> HttpResponse:
    """The page of one project."""
    project = visible_project(request, project_id)
    limit = None if request.GET.get("show") == "all" else LONG_LIST
    reports, enters_costs = may_report(request.user, project), may_add_cost(request.user, project)
    lists = {
        "costs": project.costs.select_related("created_by"),
        "reports": project.progress_updates.select_related("created_by"),
        "milestones": project.milestones.all(),
        "documents": project.documents.select_related("uploaded_by"),
    }
    context = {name: _listed(rows.with_history(), limit) for name, rows in lists.items()} | {
        "project": project,
        "contradiction": consistency.contradiction(project.status, project.progress),
        "suggestion": consistency.suggestion(project.status, project.progress),
        "budget": Budget(project.spent, project.project_cost),
        "engineers": project.assigned_engineers.order_by("first_name", "last_name", "username"),
        "activities": project.activities.all()[:TIMELINE],
        "today": timezone.localdate(),
        "corrections": project.corrections.all()[:RECENT_CORRECTIONS],
        "may_report": reports,
        "may_add_cost": enters_costs,
    }
    for name in lists:
        for part in context[name]["rows"]:
            enters = enters_costs if name == "costs" else reports
            part.is_correctable = may_correct(request.user, part, enters=enters)
    return render(request, "projects/detail.html", context)


def _listed(rows: QuerySet, limit: int | None) -> dict[str, Any]:
    shown = list(rows[: None if limit is None else limit + 1])
    more = limit is not None and len(shown) > limit
    return {"rows": shown[:limit], "total": rows.count() if more else len(shown), "more": more}
