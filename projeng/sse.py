"""The SSE door: which address carries what. How a stream works is in realtime/sse.py."""

from django.http import HttpRequest, HttpResponseBase

from realtime.listener import Subscription
from realtime.sse import event_stream, refusal

from . import states
from .access import holds_project, visible_projects
from .events import DASHBOARD, NOTIFICATIONS, PROJECTS, TOPICS, NotificationCreated, ProjectDeleted

STATES = {
    NOTIFICATIONS: states.UNREAD_COUNT,
    PROJECTS: states.CHANGED_PROJECTS,
    DASHBOARD: states.DASHBOARD_COUNTS,
}


def notifications(request: HttpRequest) -> HttpResponseBase:
    """New notifications as they come, and the count alone when some are read."""
    subscription = Subscription(
        topics=frozenset({NOTIFICATIONS}),
        states=(states.UNREAD_COUNT,),
        wanted=lambda frame: frame.type == NotificationCreated.type,
    )
    return event_stream(request, subscription)


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
        over=lambda frame: frame.type == ProjectDeleted.type and frame.fields["project_id"] == project_id,
    )
    return event_stream(request, subscription)


def events(request: HttpRequest) -> HttpResponseBase:
    """Everything that a page needs, in one stream: ``?topics=`` names what (default: all)."""
    asked = [name.strip() for name in request.GET.get("topics", ",".join(TOPICS)).split(",") if name.strip()]
    unknown = [name for name in asked if name not in TOPICS]
    if unknown or not asked:
        message = f"Unknown topic {unknown[0][:40]!r}; " if unknown else "No topic; "
        return refusal(400, f"{message}topics are {', '.join(TOPICS)}.")
    topics = frozenset(asked)
    shown = tuple(STATES[topic] for topic in TOPICS if topic in topics)
    # The dashboard's counters change with projects, so the stream must look at those without sending them.
    looked_at = topics | {PROJECTS} if DASHBOARD in topics else topics
    return event_stream(request, Subscription(looked_at, shown, wanted=lambda frame: frame.topic in topics))


def _state_only(state: states.State) -> Subscription:
    """The old addresses that carry no events, only the state that events change."""
    return Subscription(topics=frozenset({PROJECTS}), states=(state,), wanted=lambda frame: False)
