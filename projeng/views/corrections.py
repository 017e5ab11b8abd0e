"""The views for correcting what was reported: edit, void, restore, and the history of all that."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from ..access import may_correct
from ..forms.corrections import CORRECTIONS, VoidForm
from ..forms.plausible import changes_nothing
from ..models import Project, ProjectPart
from .form_page import form_data, form_page, gone_page
from .guards import locked_project, signed_in, visible_project

GET_OR_POST = ["GET", "HEAD", "POST"]
PAGE = 50
DENIED = "Only a Head Engineer can correct this, and for a day after it was entered the person who entered it."


@require_http_methods(GET_OR_POST)
@signed_in
def part_edit(request: HttpRequest, project_id: int, part_id: int, kind: str) -> HttpResponse:
    """Edit a part, with a reason."""
    form_class = CORRECTIONS[kind]
    title = f"Correct {form_class.Meta.model._meta.verbose_name}"
    submitted = form_data(request)
    back = reverse("project_detail", args=[project_id])
    try:
        with _changing(request):
            part = _correctable(request, project_id, part_id, kind)
            is_void = f"This {part._meta.verbose_name} is void. Restore it before you edit it."
            if part.is_void and not submitted:
                messages.warning(request, is_void)
                return redirect(back)
            form = form_class(**submitted, instance=part)
            if form.is_valid() and part.is_void:
                form.add_error(None, is_void)
            elif form.is_valid():
                if changes_nothing(form):
                    messages.info(request, "Nothing was changed.")
                else:
                    part.reason = form.cleaned_data["reason"]
                    form.save()
                    messages.success(request, f"The {part._meta.verbose_name} was corrected.")
                return redirect(back)
    except Http404:
        if not submitted:
            raise
        return gone_page(request, form_class, title)
    return form_page(request, form, title=title, submit="Save correction", back=back, project=part.project)


@require_http_methods(GET_OR_POST)
@signed_in
def part_void(request: HttpRequest, project_id: int, part_id: int, kind: str) -> HttpResponse:
    """Ask for the reason, then void a part: it stays on the page, and counts no more."""
    return _void_or_restore(request, project_id, part_id, kind, void=True)


@require_http_methods(GET_OR_POST)
@signed_in
def part_restore(request: HttpRequest, project_id: int, part_id: int, kind: str) -> HttpResponse:
    """Ask for the reason, then let a void part count again."""
    return _void_or_restore(request, project_id, part_id, kind, void=False)


def _void_or_restore(request: HttpRequest, project_id: int, part_id: int, kind: str, *, void: bool) -> HttpResponse:
    submitted = form_data(request)
    back = reverse("project_detail", args=[project_id])
    with _changing(request):
        part = _correctable(request, project_id, part_id, kind)
        noun = part._meta.verbose_name
        if part.is_void == void:
            messages.info(request, f"This {noun} is {'void already' if void else 'not void'}.")
            return redirect(back)
        form = VoidForm(data=submitted.get("data"), instance=part)
        if form.is_valid():
            (part.void if void else part.restore)(form.cleaned_data["reason"])
            messages.success(request, f"The {noun} {'is void now' if void else 'counts again'}.")
            return redirect(back)
    context: dict[str, Any] = {"form": form, "part": part, "project": part.project, "void": void, "noun": noun}
    status = 409 if form.is_outdated else 422 if form.errors else 200
    return render(request, "projects/void.html", context, status=status)


@require_safe
@signed_in
def part_history(request: HttpRequest, project_id: int, part_id: int, kind: str) -> HttpResponse:
    """A part as it was entered, and all that was corrected of it since."""
    project = visible_project(request, project_id)
    corrections = project.corrections.filter(kind=kind, part_id=part_id)
    part = _parts(project, part_id, kind).first()
    if part is None and not corrections.exists():  # the history of a part outlasts it
        raise Http404("No such part.")
    context = {"part": part, "project": project, "author": part and getattr(part, part.author_field)}
    return render(request, "projects/part_history.html", context | _page_of(request, corrections))


@require_safe
@signed_in
def project_history(request: HttpRequest, project_id: int) -> HttpResponse:
    """All corrections of a project's parts, newest first."""
    project = visible_project(request, project_id)
    return render(request, "projects/history.html", {"project": project} | _page_of(request, project.corrections.all()))


def _page_of(request: HttpRequest, corrections: Any) -> dict[str, Any]:
    return {"page": Paginator(corrections, PAGE).get_page(request.GET.get("page"))}


def _changing(request: HttpRequest) -> AbstractContextManager[Any]:
    """Begin a transaction if the request may change something."""
    return transaction.atomic() if request.method == "POST" else nullcontext()


def _parts(project: Project, part_id: int, kind: str) -> QuerySet[ProjectPart]:
    model = CORRECTIONS[kind].Meta.model
    return model.objects.filter(project=project, pk=part_id).select_related(model.author_field)


def _correctable(request: HttpRequest, project_id: int, part_id: int, kind: str) -> ProjectPart:
    """Return a part that the user may correct. For a POST request, lock the project first, then the part."""
    lock = request.method == "POST"
    project = (locked_project if lock else visible_project)(request, project_id)
    rows = _parts(project, part_id, kind)
    part = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if part is None:
        raise Http404("No such part.")
    part.project = project
    if not may_correct(request.user, part):
        raise PermissionDenied(DENIED)
    return part
