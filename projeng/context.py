"""The context processor of all pages: the user's role, unread count, transport and page cursor."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from switchover.transport import grants

from .access import Role, may_manage, role_of
from .events import NotificationCreated
from .inbox import unread_counts
from .routing import SOCKET_PATH

HOMES = {
    Role.HEAD: "dashboard",
    Role.FINANCE: "finance_dashboard",
    Role.ENGINEER: "engineer_dashboard",
    None: "profile",
}
INBOXES = {Role.HEAD: "head_notifications", Role.FINANCE: "finance_notifications"}


def home_of(role: Role | None) -> str:
    """Return the URL name of the home page of this role."""
    return HOMES[role]


def inbox_of(role: Role | None) -> str:
    """Return the URL name of the notification page of this role."""
    return INBOXES.get(role, "engineer_notifications")


def office(request: HttpRequest) -> dict[str, Any]:
    """Return the template context for a signed-in user; empty for anonymous users."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    role = role_of(user)
    return {
        "role": role,
        "home_url_name": home_of(role),
        "inbox_url_name": inbox_of(role),
        "may_manage": may_manage(user),
        "unread_count": unread_counts([user.pk])[user.pk],
        "page_cursor": getattr(request, "page_cursor", None),
        "early_notifications": _early_notifications(request),
        "transport": grants.decision(user),
        "socket_path": SOCKET_PATH,
        "heartbeat_seconds": settings.SSE_HEARTBEAT_SECONDS,
    }


def _early_notifications(request: HttpRequest) -> list[int]:
    """Return the ids of the notifications that the page shows although their events come after its cursor."""
    early = getattr(request, "shown_early", ())
    return [fields["notification_id"] for kind, fields in early if kind == NotificationCreated.type]
