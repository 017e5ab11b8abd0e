"""The project list and the project page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ..access import Role, may_report, role_of, visible_projects
from ..filters import ProjectFilter, with_spent
from ..live import contexts
from ..live.pages import PROJECT_LIST, project_page
from .guards import for_roles, signed_in, visible_project


@require_safe
@for_roles(*Role)
def project_list(request: HttpRequest) -> HttpResponse:
    """The projects that the user may see, with search, filters, sorting and pages."""
    found = ProjectFilter(request.GET, queryset=with_spent(visible_projects(request.user)))
    narrowed = any(request.GET.get(name) for name in found.filters)
    context = contexts.project_list(found.qs, page=request.GET.get("page"), narrowed=narrowed) | {
        "filter": found,
        "live_page": "" if request.GET else PROJECT_LIST.name,
    }
    return render(request, PROJECT_LIST.template, context)


@require_safe
@signed_in
def project_detail(request: HttpRequest, project_id: int) -> HttpResponse:
    """The page of one project."""
    project = visible_project(request, project_id)
    everything = request.GET.get("show") == "all"
    page = project_page(project_id)
    rights = contexts.rights(role_of(request.user), request.user.pk, assigned=may_report(request.user, project))
    context = contexts.project(project, rights, everything=everything) | {
        "live_page": "" if request.GET else page.name,
    }
    return render(request, page.template, context)
