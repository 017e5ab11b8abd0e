"""The home pages of the three roles."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ..access import visible_projects
from ..live import contexts
from ..live.pages import ENGINEER, FINANCE, HEAD
from .guards import for_roles


@require_safe
@for_roles(*HEAD.roles)
def head(request: HttpRequest) -> HttpResponse:
    """The dashboard of Head Engineers: all projects and the latest activity."""
    return render(request, HEAD.template, contexts.head(visible_projects(request.user)) | {"live_page": HEAD.name})


@require_safe
@for_roles(*ENGINEER.roles)
def engineer(request: HttpRequest) -> HttpResponse:
    """The dashboard of Project Engineers: the projects that they are assigned to."""
    context = contexts.engineer(visible_projects(request.user)) | {"live_page": ENGINEER.name}
    return render(request, ENGINEER.template, context)


@require_safe
@for_roles(*FINANCE.roles)
def finance(request: HttpRequest) -> HttpResponse:
    """The dashboard of Finance Managers: budgets, spending and the latest costs."""
    context = contexts.finance(visible_projects(request.user)) | {"live_page": FINANCE.name}
    return render(request, FINANCE.template, context)
