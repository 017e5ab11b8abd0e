"""Undoing a deletion, for a short while."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from .. import inbox
from ..access import role_of
from ..context import inbox_of
from ..models import Deletion
from .guards import signed_in

TOO_LATE = "That can no longer be undone."


@require_POST
@signed_in
def undo(request: HttpRequest, deletion_id: int) -> HttpResponse:
    """Restore what the user deleted. Respond with JSON, or redirect a plain form to the notifications."""
    with transaction.atomic():
        rows = Deletion.take(request.user, deletion_id)
        if rows is not None:
            inbox.restore(request.user, (row.object for row in rows))
    if wants_page(request):
        if rows is None:
            messages.error(request, TOO_LATE)
        else:
            messages.success(request, "Restored.")
        return redirect(inbox_of(role_of(request.user)))
    if rows is None:
        return JsonResponse({"success": False, "error": TOO_LATE}, status=404)
    unread = inbox.unread_counts([request.user.pk])[request.user.pk]
    return JsonResponse({"success": True, "action": "undo", "unread_count": unread})


def undo_url(deletion_id: int | None) -> str | None:
    """Return the address that undoes a deletion, if it can be undone."""
    return None if deletion_id is None else reverse("undo", args=[deletion_id])


def wants_page(request: HttpRequest) -> bool:
    """Return whether a browser asks for a page, and not a script for JSON."""
    return "text/html" in request.headers.get("Accept", "")
