"""The views for reporting on a project: progress, costs, milestones, documents."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from ..access import may_add_cost, may_report
from ..forms.reports import CostForm, DocumentForm, MilestoneForm, ProgressForm
from ..models import Project, ProjectMilestone
from .form_page import form_data, form_page
from .guards import locked_project, require, signed_in, visible_project

GET_OR_POST = ["GET", "HEAD", "POST"]


@require_http_methods(GET_OR_POST)
@signed_in
def progress_add(request: HttpRequest, project_id: int) -> HttpResponse:
    """Add a progress report."""
    words = {"title": "Report progress", "done": "Progress was reported."}
    return _add(request, project_id, may_report, ProgressForm, **words, created_by=request.user)


@require_http_methods(GET_OR_POST)
@signed_in
def cost_add(request: HttpRequest, project_id: int) -> HttpResponse:
    """Add a cost."""
    words = {"title": "Add cost", "done": "The cost was added."}
    return _add(request, project_id, may_add_cost, CostForm, **words, created_by=request.user)


@require_http_methods(GET_OR_POST)
@signed_in
def milestone_add(request: HttpRequest, project_id: int) -> HttpResponse:
    """Add a milestone."""
    words = {"title": "Add milestone", "done": "The milestone was added."}
    return _add(request, project_id, may_report, MilestoneForm, **words, created_by=request.user)


@require_http_methods(GET_OR_POST)
@signed_in
def document_add(request: HttpRequest, project_id: int) -> HttpResponse:
    """Add a document."""
    words = {"title": "Add document", "done": "The document was added."}
    return _add(request, project_id, may_report, DocumentForm, **words, uploaded_by=request.user)


@require_POST
@signed_in
def milestone_reached(request: HttpRequest, project_id: int, milestone_id: int) -> HttpResponse:
    """Mark a milestone as reached today."""
    with transaction.atomic():
        project = locked_project(request, project_id)
        require(may_report(request.user, project))
        milestones = ProjectMilestone.objects.not_voided().select_for_update().filter(project=project)
        milestone = get_object_or_404(milestones, pk=milestone_id)
        if not milestone.is_completed:
            milestone.is_completed = True
            milestone.completion_date = timezone.localdate()
            milestone.save()
    messages.success(request, f"Milestone “{milestone.name}” is reached.")
    return redirect("project_detail", project_id)


def _add(
    request: HttpRequest,
    project_id: int,
    may: Callable[[Any, Project], bool],
    form_class: type[ModelForm],
    *,
    title: str,
    done: str,
    **author: Any,
) -> HttpResponse:
    def form_of(project: Project) -> ModelForm:
        require(may(request.user, project))
        return form_class(**submitted, instance=form_class.Meta.model(project=project, **author))

    submitted = form_data(request)  # read the whole request before anything is locked
    back = reverse("project_detail", args=[project_id])
    if request.method != "POST":
        project = visible_project(request, project_id)
        form = form_of(project)
    else:
        with transaction.atomic():
            project = locked_project(request, project_id)
            form = form_of(project)
            if form.is_valid():
                form.save()
                messages.success(request, done)
                for remark in form.remarks() if isinstance(form, ProgressForm) else ():
                    messages.warning(request, remark)
                return redirect(back)
    return form_page(request, form, title=title, submit=title, back=back, project=project)
