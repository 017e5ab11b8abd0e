"""What all pages with a form have in common."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ..models import Project


def form_page(
    request: HttpRequest, form: forms.BaseForm, *, title: str, submit: str, back: str, project: Project | None = None
) -> HttpResponse:
    """The page of a form: as it is opened, or (422) with what was typed and what is wrong with it.

    ``back`` is the address of the page to return to. ``project``: as it is stored, not as it was typed.
    """
    context: dict[str, Any] = {"form": form, "title": title, "submit": submit, "back": back, "project": project}
    return render(request, "forms/page.html", context, status=422 if form.errors else 200)


def sent(request: HttpRequest) -> dict[str, Any]:
    """What a form is bound to: what was sent, or nothing when the page is only opened."""
    return {"data": request.POST, "files": request.FILES} if request.method == "POST" else {}
