"""Reporting on a project: progress, costs, milestones, documents."""

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
from .form_page import form_page, sent
from .guards import allow, signed_in, visible_project

GET_OR_POST = ["GET", "HEAD", "POST"]


@require_http_methods(GET_OR_POST)
@signed_in
def progress_add(request: HttpRequest, project_id: int) -> HttpResponse:
    """How far the project is."""
    project = visible_project(request, project_id)
    allow(may_report(request.user, project))
    form = ProgressForm(**sent(request), initial={"percentage_complete": project.progress})
    return _add(request, project, form, "Report progress", "Progress was reported.", created_by=request.user)


@require_http_methods(GET_OR_POST)
@signed_in
def cost_add(request: HttpRequest, project_id: int) -> HttpResponse:
    """Money that was spent."""
    project = visible_project(request, project_id)
    allow(may_add_cost(request.user, project))
    form = CostForm(**sent(request))
    return _add(request, project, form, "Add cost", "The cost was added.", created_by=request.user)


@require_http_methods(GET_OR_POST)
@signed_in
def milestone_add(request: HttpRequest, project_id: int) -> HttpResponse:
    """Something to be reached."""
    project = visible_project(request, project_id)
    allow(may_report(request.user, project))
    return _add(request, project, MilestoneForm(**sent(request)), "Add milestone", "The milestone was added.")


@require_http_methods(GET_OR_POST)
@signed_in
def document_add(request: HttpRequest, project_id: int) -> HttpResponse:
    """A file of the project."""
    project = visible_project(request, project_id)
    allow(may_report(request.user, project))
    form = DocumentForm(**sent(request))
    return _add(request, project, form, "Add document", "The document was added.", uploaded_by=request.user)


@require_POST
@signed_in
def milestone_reached(request: HttpRequest, project_id: int, milestone_id: int) -> HttpResponse:
    """Marks a milestone as reached today."""
    project = visible_project(request, project_id)
    allow(may_report(request.user, project))
    with transaction.atomic():
        milestones = ProjectMilestone.objects.select_for_update().filter(project=project)
        milestone = get_object_or_404(milestones, pk=milestone_id)
        if not milestone.is_completed:
            milestone.is_completed = True
            milestone.completion_date = timezone.localdate()
            milestone.save()
    messages.success(request, f"Milestone “{milestone.name}” is reached.")
    return redirect("project_detail", project.pk)


def _add(request: HttpRequest, project: Project, form: ModelForm, title: str, done: str, **author: Any) -> HttpResponse:
    if form.is_valid():
        form.instance.project = project
        for name, user in author.items():
            setattr(form.instance, name, user)
        with transaction.atomic():
            form.save()
        messages.success(request, done)
        return redirect("project_detail", project.pk)
    back = reverse("project_detail", args=[project.pk])
    return form_page(request, form, title=title, submit=title, back=back, project=project)
