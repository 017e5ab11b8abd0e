"""The notification page. All roles share the view; each role has its own URL."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.views import View

from .. import inbox
from ..access import Role, role_of, visible_projects
from ..models import Notification
from .guards import signed_in

PAGE = 50
NOT_FOUND = "Notification not found"


class Inbox(View):
    """Lists, marks and deletes the user's notifications. An empty ``roles`` allows every signed-in user."""

    roles: tuple[Role, ...] = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Require a signed-in user of an allowed role. A POST from a script gets 401 in JSON instead of a redirect."""
        if request.user.is_authenticated:
            if self.roles and role_of(request.user) not in self.roles:
                raise PermissionDenied
        elif request.method == "POST" and not _wants_page(request):
            return JsonResponse({"success": False, "error": "Not signed in."}, status=401)
        return signed_in(super().dispatch)(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List notifications, newest first, 50 on a page."""
        rows = Notification.objects.filter(recipient=request.user).select_related("project")
        page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
        projects = {row.project_id for row in page if row.project_id}
        visible = set(visible_projects(request.user).filter(pk__in=projects).values_list("pk", flat=True))
        return render(request, "notifications/list.html", {"page": page, "visible": visible})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Apply ``action`` to ``notification_id``. Respond with JSON, or redirect a plain form back to the page."""
        action = request.POST.get("action", "")
        one = _id(request.POST.get("notification_id", ""))
        match action:
            case "mark_read":
                done = one is not None and inbox.mark_read(request.user, one)
            case "delete":
                done = one is not None and inbox.delete(request.user, one)
            case "mark_all_read":
                done = inbox.mark_read(request.user)
            case "delete_all":
                done = inbox.delete(request.user)
            case _:
                return self.unknown(request)
        if _wants_page(request):
            if not done:
                messages.error(request, "That notification is no longer there.")
            return HttpResponseRedirect(request.get_full_path())
        if not done:
            return JsonResponse({"success": False, "error": NOT_FOUND}, status=404)
        unread = inbox.unread_counts([request.user.pk])[request.user.pk]
        return JsonResponse({"success": True, "action": action, "notification_id": one, "unread_count": unread})

    def unknown(self, request: HttpRequest) -> HttpResponse:
        """Respond to an unknown action with 400."""
        if _wants_page(request):
            raise BadRequest("Unknown action")
        return JsonResponse({"success": False, "error": "Unknown action"}, status=400)


def _wants_page(request: HttpRequest) -> bool:
    return "text/html" in request.headers.get("Accept", "")


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
