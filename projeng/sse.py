"""The SSE views: the subscription of each URL. The stream itself is in realtime/transports/sse.py."""

from functools import cache

from django.http import HttpRequest, HttpResponseBase

from realtime.delivery import topics
from realtime.delivery.subscriber import Subscription
from realtime.transports.refusal import refusal
from realtime.transports.sse import event_stream

from . import states
from .access import viewer_sees_project, visible_projects
from .events import NOTIFICATIONS, PROJECTS, NotificationCreated, ProjectDeleted

NEW_NOTIFICATIONS = Subscription(
    topics=frozenset({NOTIFICATIONS}),
    states=(states.UNREAD_COUNT,),
    wanted=lambda frame: frame.type == NotificationCreated.type,
)


def notifications(request: HttpRequest) -> HttpResponseBase:
    """Stream new notifications, and the unread count when notifications are read or deleted."""
    return event_stream(request, NEW_NOTIFICATIONS)


def dashboard(request: HttpRequest) -> HttpResponseBase:
    """Stream the dashboard's counters after each change of a visible project."""
    return event_stream(request, _state_only(states.DASHBOARD_COUNTS))


def projects(request: HttpRequest) -> HttpResponseBase:
    """Stream the state of changed projects."""
    return event_stream(request, _state_only(states.CHANGED_PROJECTS))


def project(request: HttpRequest, project_id: int) -> HttpResponseBase:
    """Stream the state of one project, at once and after each change.

    The stream ends when the project is deleted or the user may no longer see it.
    """
    if request.user.is_authenticated and not visible_projects(request.user).filter(pk=project_id).exists():
        return refusal(404, "There is nothing here for you.")
    subscription = Subscription(
        topics=frozenset({PROJECTS}),
        states=(states.one_project(project_id),),
        wanted=lambda frame: False,
        allowed=lambda viewer: viewer_sees_project(viewer, project_id),
        ends=lambda frame: frame.type == ProjectDeleted.type and frame.fields["project_id"] == project_id,
    )
    return event_stream(request, subscription)


def events(request: HttpRequest) -> HttpResponseBase:
    """Stream the topics named in ``?topics=`` (default: all) and the regions of ``?pages=``, for a whole page."""
    try:
        subscription = topics.of_page(request.GET.get("topics"), request.GET.get("pages"))
    except ValueError as error:
        return refusal(400, str(error))
    return event_stream(request, subscription)


@cache
def _state_only(state: states.State) -> Subscription:
    """Return the subscription of the older URLs that stream no events, only the state that events change."""
    return Subscription(topics=frozenset({PROJECTS}), states=(state,), wanted=lambda frame: False)
