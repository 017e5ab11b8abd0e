"""The views for creating, editing, assigning and deleting projects."""

from collections.abc import Sequence

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from ..forms.projects import EngineersForm, NewProjectForm, ProjectForm
from ..forms.versions import changes_since, mark
from ..models import Project
from ..restoring import delete_project
from .form_page import form_data, form_page, gone_page, wants_json
from .guards import for_managers, locked_project, visible_project
from .undo import undo_url

GET_OR_POST = ["GET", "HEAD", "POST"]


@require_http_methods(GET_OR_POST)
@for_managers
def project_create(request: HttpRequest) -> HttpResponse:
    """Create a project."""
    form = NewProjectForm(**form_data(request))
    if form.is_valid():
        form.instance.created_by = request.user
        try:
            with transaction.atomic():
                project = form.save()
        except IntegrityError as fault:
            _explain_taken_prn(form, fault)
        else:
            messages.success(request, f"Project {project.display_name} was created.")
            return redirect("project_detail", project.pk)
    return form_page(request, form, title="New project", submit="Create project", back=reverse("project_list"))


@require_http_methods(GET_OR_POST)
@for_managers
def project_edit(request: HttpRequest, project_id: int) -> HttpResponse:
    """Edit the fields of a project."""
    return _change(request, project_id, ProjectForm, title="Edit project", submit="Save changes")


@require_http_methods(GET_OR_POST)
@for_managers
def project_engineers(request: HttpRequest, project_id: int) -> HttpResponse:
    """Assign the engineers of a project."""
    return _change(request, project_id, EngineersForm, title="Assign engineers", submit="Save engineers")


@require_http_methods(GET_OR_POST)
@for_managers
def project_delete(request: HttpRequest, project_id: int) -> HttpResponse:
    """Ask for confirmation, then delete a project with its parts. Ask again if it was changed after the question."""
    if request.method != "POST":
        return _ask_to_delete(request, visible_project(request, project_id))
    with transaction.atomic():
        project = locked_project(request, project_id)
        if changes := changes_since(project, request.POST.get("seen")):
            return _ask_to_delete(request, project, changes)
        name = project.display_name
        deletion = delete_project(request.user, project)
    messages.success(request, f"Project {name} was deleted.", extra_tags=undo_url(deletion.pk) or "")
    return redirect("project_list")


def _ask_to_delete(request: HttpRequest, project: Project, changes: Sequence[str] = ()) -> HttpResponse:
    seen = mark(project)
    if changes and wants_json(request):
        error = "The project was changed after the version that this deletion is based on. Nothing was deleted."
        return JsonResponse({"success": False, "error": error, "seen": seen, "changed": changes}, status=409)
    context = {"project": project, "seen": seen, "activity": seen.partition("-")[2], "changes": changes}
    return render(request, "projects/delete.html", context, status=409 if changes else 200)


def _change(
    request: HttpRequest, project_id: int, form_class: type[ProjectForm | EngineersForm], *, title: str, submit: str
) -> HttpResponse:
    back = reverse("project_detail", args=[project_id])
    if request.method != "POST":
        shown = visible_project(request, project_id)
        return form_page(request, form_class(instance=shown), title=title, submit=submit, back=back, project=shown)
    submitted = form_data(request)
    try:
        shown = visible_project(request, project_id)
        with transaction.atomic():
            # Locked, so that saving does not overwrite a concurrent change, such as reported progress.
            project = locked_project(request, project_id)
            form = form_class(**submitted, instance=project)
            saved = form.is_valid()
            if saved:
                form.save()
    except Http404:
        return gone_page(request, form_class, title)
    except IntegrityError as fault:
        _explain_taken_prn(form, fault)
    else:
        if saved:
            messages.success(request, f"Project {project.display_name} was saved.")
            return redirect(back)
    return form_page(request, form, title=title, submit=submit, back=back, project=shown)


def _explain_taken_prn(form: ProjectForm | EngineersForm, fault: IntegrityError) -> None:
    """Add a form error if another project has just taken the PRN, else raise ``fault``."""
    project = form.instance
    if not Project.objects.filter(prn=project.prn).exclude(pk=project.pk).exists():
        raise fault
    form.add_error("prn", project.unique_error_message(Project, ("prn",)))
