"""Creating, editing, deleting and assigning projects: for those who manage them."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from ..forms.projects import EngineersForm, NewProjectForm, ProjectForm
from ..models import Project
from .form_page import form_page, sent
from .guards import for_managers, visible_project

GET_OR_POST = ["GET", "HEAD", "POST"]


@require_http_methods(GET_OR_POST)
@for_managers
def project_create(request: HttpRequest) -> HttpResponse:
    """A new project."""
    form = NewProjectForm(**sent(request))
    if form.is_valid():
        form.instance.created_by = request.user
        with transaction.atomic():
            project = form.save()
        messages.success(request, f"Project {project.display_name} was created.")
        return redirect("project_detail", project.pk)
    return form_page(request, form, title="New project", submit="Create project", back=reverse("project_list"))


@require_http_methods(GET_OR_POST)
@for_managers
def project_edit(request: HttpRequest, project_id: int) -> HttpResponse:
    """A project's facts."""
    return _change(request, project_id, ProjectForm, title="Edit project", submit="Save changes")


@require_http_methods(GET_OR_POST)
@for_managers
def project_engineers(request: HttpRequest, project_id: int) -> HttpResponse:
    """Who builds a project."""
    return _change(request, project_id, EngineersForm, title="Assign engineers", submit="Save engineers")


@require_http_methods(GET_OR_POST)
@for_managers
def project_delete(request: HttpRequest, project_id: int) -> HttpResponse:
    """Asks first, then deletes a project with everything that belongs to it."""
    project = visible_project(request, project_id)
    if request.method == "POST":
        name = project.display_name
        with transaction.atomic():
            project.delete()
        messages.success(request, f"Project {name} was deleted.")
        return redirect("project_list")
    return render(request, "projects/delete.html", {"project": project})


def _change(
    request: HttpRequest, project_id: int, form_class: type[ProjectForm | EngineersForm], *, title: str, submit: str
) -> HttpResponse:
    shown = visible_project(request, project_id)
    back = reverse("project_detail", args=[project_id])
    if request.method != "POST":
        return form_page(request, form_class(instance=shown), title=title, submit=submit, back=back, project=shown)
    with transaction.atomic():
        # Locked, so that what is reported meanwhile (the progress, say) is not written back as it was before.
        project = get_object_or_404(Project.objects.select_for_update(), pk=project_id)
        form = form_class(**sent(request), instance=project)
        if form.is_valid():
            form.save()
            messages.success(request, f"Project {project.display_name} was saved.")
            return redirect(back)
    return form_page(request, form, title=title, submit=submit, back=back, project=shown)
