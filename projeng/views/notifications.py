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
from .undo import undo_url, wants_page

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
        elif request.method == "POST" and not wants_page(request):
            return JsonResponse({"success": False, "error": "Not signed in."}, status=401)
        return signed_in(super().dispatch)(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List notifications, newest first, 50 on a page."""
        rows = Notification.objects.filter(recipient=request.user).select_related("project")
        page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
        projects = {row.project_id for row in page if row.project_id}
        visible = set(visible_projects(request.user).filter(pk__in=projects).values_list("pk", flat=True))
        newest = rows.order_by("-pk").values_list("pk", flat=True).first()
        context = {"page": page, "visible": visible, "newest": newest}
        return render(request, "notifications/list.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Apply ``action`` to ``notification_id``. Respond with JSON, or redirect a plain form back to the page.

        ``newest`` is the newest notification that the page knew of: those that came later stay as they are.
        """
        action = request.POST.get("action", "")
        one = _id(request.POST.get("notification_id", ""))
        newest = _id(request.POST["newest"]) if "newest" in request.POST else None
        if "newest" in request.POST and newest is None:
            return self.refused(request, "Not a notification")
        deletion: int | None = None
        match action:
            case "mark_read":
                done = one is not None and inbox.mark_read(request.user, one)
            case "delete" if one is None:
                done = False
            case "delete":
                done, deletion = inbox.delete(request.user, one)
            case "mark_all_read":
                done = inbox.mark_read(request.user, newest=newest)
            case "delete_all":
                done, deletion = inbox.delete(request.user, newest=newest)
            case _:
                return self.refused(request, "Unknown action")
        undo = undo_url(deletion)
        if wants_page(request):
            if not done:
                messages.error(request, "That notification is no longer there.")
            elif undo:
                messages.success(request, "Deleted.", extra_tags=undo)
            return HttpResponseRedirect(request.get_full_path())
        if not done:
            return JsonResponse({"success": False, "error": NOT_FOUND}, status=404)
        unread = inbox.unread_counts([request.user.pk])[request.user.pk]
        answer = {"success": True, "action": action, "notification_id": one, "unread_count": unread}
        return JsonResponse(answer | ({"undo": undo} if undo else {}))

    def refused(self, request: HttpRequest, reason: str) -> HttpResponse:
        """Respond with 400 to what cannot be understood."""
        if wants_page(request):
            raise BadRequest(reason)
        return JsonResponse({"success": False, "error": reason}, status=400)


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
