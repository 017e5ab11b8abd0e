"""Helpers shared by the views with a form."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ..models import Project


def form_page(
    request: HttpRequest, form: forms.BaseForm, *, title: str, submit: str, back: str, project: Project | None = None
) -> HttpResponse:
    """Return the page of a form. The status is 422 if the form has errors, else 200.

    ``back`` is the URL of the page to return to. ``project`` has the stored values, not the submitted ones.
    """
    context: dict[str, Any] = {"form": form, "title": title, "submit": submit, "back": back, "project": project}
    return render(request, "forms/page.html", context, status=422 if form.errors else 200)


def form_data(request: HttpRequest) -> dict[str, Any]:
    """Return the arguments that bind a form to a POST request; empty for other methods."""
    return {"data": request.POST, "files": request.FILES} if request.method == "POST" else {}
