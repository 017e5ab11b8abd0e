"""The SSE door: which address carries what. How a stream works is in realtime/transports/sse.py."""

from functools import cache

from django.http import HttpRequest, HttpResponseBase

from realtime.delivery.subscriber import Subscription
from realtime.transports.refusal import refusal
from realtime.transports.sse import event_stream

from . import states, subscriptions
from .access import holds_project, visible_projects
from .events import NOTIFICATIONS, PROJECTS, NotificationCreated, ProjectDeleted

NEW_NOTIFICATIONS = Subscription(
    topics=frozenset({NOTIFICATIONS}),
    states=(states.UNREAD_COUNT,),
    wanted=lambda frame: frame.type == NotificationCreated.type,
)


def notifications(request: HttpRequest) -> HttpResponseBase:
    """New notifications as they come, and the count alone when some are read."""
    return event_stream(request, NEW_NOTIFICATIONS)


def dashboard(request: HttpRequest) -> HttpResponseBase:
    """The counters, whenever a visible project changed."""
    return event_stream(request, _state_only(states.DASHBOARD_COUNTS))


def projects(request: HttpRequest) -> HttpResponseBase:
    """The projects that changed."""
    return event_stream(request, _state_only(states.CHANGED_PROJECTS))


def project(request: HttpRequest, project_id: int) -> HttpResponseBase:
    """One project: at once, and whenever it changed. Ends when it is gone, or the person may no longer see it."""
    if request.user.is_authenticated and not visible_projects(request.user).filter(pk=project_id).exists():
        return refusal(404, "There is nothing here for you.")
    subscription = Subscription(
        topics=frozenset({PROJECTS}),
        states=(states.one_project(project_id),),
        wanted=lambda frame: False,
        allowed=lambda viewer: holds_project(viewer, project_id),
        ends=lambda frame: frame.type == ProjectDeleted.type and frame.fields["project_id"] == project_id,
    )
    return event_stream(request, subscription)


def events(request: HttpRequest) -> HttpResponseBase:
    """Everything that a page needs, in one stream: ``?topics=`` names what (default: all)."""
    try:
        subscription = subscriptions.of_page(request.GET.get("topics"))
    except ValueError as error:
        return refusal(400, str(error))
    return event_stream(request, subscription)


@cache
def _state_only(state: states.State) -> Subscription:
    """The old addresses that carry no events, only the state that events change."""
    return Subscription(topics=frozenset({PROJECTS}), states=(state,), wanted=lambda frame: False)
