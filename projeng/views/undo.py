"""Undoing a deletion, for a short while."""

from typing import Any

from django.contrib import messages
from django.db import IntegrityError, models, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from .. import inbox
from ..access import may_manage, role_of
from ..context import inbox_of
from ..models import Deletion, Project
from ..restoring import restore_project
from .guards import signed_in

TOO_LATE = "That can no longer be undone."


@require_POST
@signed_in
def undo(request: HttpRequest, deletion_id: int) -> HttpResponse:
    """Restore what the user deleted. Respond with JSON, or redirect a plain form to what is restored."""
    restored = _restore(request.user, deletion_id)
    if wants_page(request):
        if restored is None:
            messages.error(request, TOO_LATE)
        else:
            messages.success(request, "Restored.")
        if isinstance(restored, Project):
            return redirect("project_detail", restored.pk)
        return redirect(inbox_of(role_of(request.user)))
    if restored is None:
        return JsonResponse({"success": False, "error": TOO_LATE}, status=404)
    unread = inbox.unread_counts([request.user.pk])[request.user.pk]
    return JsonResponse({"success": True, "action": "undo", "unread_count": unread})


def _restore(user: Any, deletion_id: int) -> models.Model | None:
    """Restore what was deleted, and return one of its rows; ``None`` if that is no longer possible."""
    try:
        with transaction.atomic():
            kept = Deletion.take(user, deletion_id)
            rows = kept.instances() if kept else []
            project = next((row for row in rows if isinstance(row, Project)), None)
            if kept and project:
                return project if may_manage(user) and restore_project(kept, rows) else None
            inbox.restore(user, rows)
            return rows[0] if rows else None
    except IntegrityError:  # the project's PRN was given to another one
        return None


def undo_url(deletion_id: int | None) -> str | None:
    """Return the address that undoes a deletion, if it can be undone."""
    return None if deletion_id is None else reverse("undo", args=[deletion_id])


def wants_page(request: HttpRequest) -> bool:
    """Return whether a browser asks for a page, and not a script for JSON."""
    return "text/html" in request.headers.get("Accept", "")
