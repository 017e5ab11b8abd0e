"""Helpers shared by the views with a form."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from ..forms.kept_files import keep_files
from ..forms.versions import VersionedForm
from ..models import Project


def form_page(
    request: HttpRequest, form: forms.BaseForm, *, title: str, submit: str, back: str, project: Project | None = None
) -> HttpResponse:
    """Return the page of a form. The status is 409 after a conflict, 422 if the form has other errors, else 200.

    A program that asks for JSON gets a conflict in JSON. ``back`` is the URL of the page to return to. ``project`` has
    the stored values, not the submitted ones.
    """
    if form.errors:
        keep_files(form)
    conflicts = getattr(form, "conflicts", None)
    if conflicts and wants_json(request):
        return JsonResponse(_in_json(form), status=409)
    context: dict[str, Any] = {"form": form, "title": title, "submit": submit, "back": back, "project": project}
    return render(request, "forms/page.html", context, status=409 if conflicts else 422 if form.errors else 200)


def wants_json(request: HttpRequest) -> bool:
    """Return whether the client asks for JSON and not for a page."""
    accepted = request.headers.get("Accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def _in_json(form: VersionedForm) -> dict[str, Any]:
    """Return both versions of each conflict. ``version`` is what to send once the conflicts are settled."""
    return {
        "success": False,
        "error": "The row was changed after the version that this change is based on. Nothing was saved.",
        "version": form.stored_version,
        "changed": [activity.summary for activity in form.changed_since],
        "conflicts": {
            change.name: dict(zip(("opened", "stored", "yours"), change.plain_values, strict=True))
            for change in form.conflicts.values()
        },
    }


def form_data(request: HttpRequest) -> dict[str, Any]:
    """Return the arguments that bind a form to a POST request; empty for other methods."""
    return {"data": request.POST, "files": request.FILES} if request.method == "POST" else {}


def gone_page(request: HttpRequest, form_class: type[forms.BaseForm], title: str) -> HttpResponse:
    """Return the page of a form whose row was deleted meanwhile (404), with what was typed, to copy it from there."""
    typed = [
        (field.label or name.replace("_", " ").capitalize(), "\n".join(request.POST.getlist(name)))
        for name, field in form_class.base_fields.items()
        if not field.widget.is_hidden and any(request.POST.getlist(name))
    ]
    return render(request, "forms/gone.html", {"title": title, "typed": typed}, status=404)
