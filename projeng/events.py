"""Every event of the office: what it means and what it carries (docs/events.md is checked against this)."""

from dataclasses import dataclass
from typing import Any

from realtime.log.events import EventType

NOTIFICATIONS = "notifications"
PROJECTS = "projects"
DASHBOARD = "dashboard"  # a topic of state only
TOPICS = (NOTIFICATIONS, PROJECTS, DASHBOARD)


# --- one person's messages --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class NotificationCreated(EventType):
    """A new message for one person."""

    type = "notification"
    topic = NOTIFICATIONS

    unread_count: int
    notification: dict[str, Any]
    notification_id: int
    message: str


@dataclass(frozen=True, kw_only=True)
class _NotificationsTouched(EventType):
    topic = NOTIFICATIONS

    notification_ids: list[int]
    all: bool
    unread_count: int


@dataclass(frozen=True, kw_only=True)
class NotificationsRead(_NotificationsTouched):
    """One person's messages were read, here or in another tab. ``all``: every one, and none is listed."""

    type = "notifications_read"


@dataclass(frozen=True, kw_only=True)
class NotificationsDeleted(_NotificationsTouched):
    """One person's messages were deleted. ``all``: every one, and none is listed."""

    type = "notifications_deleted"


# --- projects ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ProjectEvent(EventType):
    """What all events of one project carry: which project, a sentence for its timeline, and who did it.

    ``activity_id`` is the line's id in the timeline, ``null`` when the project is gone.
    """

    topic = PROJECTS

    project_id: int
    prn: str
    summary: str
    actor: str
    activity_id: int | None


@dataclass(frozen=True, kw_only=True)
class ProjectCreated(ProjectEvent):
    """A project was entered."""

    type = "project_created"

    name: str
    status: str
    barangay: str


@dataclass(frozen=True, kw_only=True)
class ProjectUpdated(ProjectEvent):
    """Fields of a project other than its status changed. ``changes``: ``{field: {"old", "new"}}``."""

    type = "project_updated"

    name: str
    status: str
    barangay: str
    changes: dict[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ProjectStatusChanged(ProjectEvent):
    """A project's status changed."""

    type = "project_status_changed"

    name: str
    old_status: str
    new_status: str


@dataclass(frozen=True, kw_only=True)
class ProjectDeleted(ProjectEvent):
    """A project is gone."""

    type = "project_deleted"

    name: str


@dataclass(frozen=True, kw_only=True)
class AssignmentChanged(ProjectEvent):
    """Engineers were assigned to a project, or taken off it. Each is ``{"id", "name"}``."""

    type = "assignment_changed"

    name: str
    assigned: list[dict[str, Any]]
    unassigned: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ProgressUpdated(ProjectEvent):
    """Progress was reported (``action``: added, changed, deleted). ``progress`` is the project's own afterwards."""

    type = "progress_updated"

    project_name: str
    action: str
    progress_id: int
    progress: float
    progress_data: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class CostUpdated(ProjectEvent):
    """A cost was entered (``action``: added, changed, deleted).

    ``spent`` (pesos) and ``spent_percent`` (of the budget, ``null`` without one) are the sums afterwards.
    """

    type = "cost_updated"

    project_name: str
    action: str
    cost_id: int
    cost_data: dict[str, Any]
    spent: str
    formatted_spent: str
    spent_percent: float | None


@dataclass(frozen=True, kw_only=True)
class MilestoneUpdated(ProjectEvent):
    """A milestone was set (``action``: added, changed, deleted)."""

    type = "milestone_updated"

    project_name: str
    action: str
    milestone_id: int
    milestone_data: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DocumentUpdated(ProjectEvent):
    """A document was filed (``action``: added, changed, deleted)."""

    type = "document_updated"

    project_name: str
    action: str
    document_id: int
    document_data: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ProjectsChanged(EventType):
    """Many projects changed at once (an import, say): one summary; who shows projects loads them again."""

    type = "projects_changed"
    topic = PROJECTS

    source: str
    created: int
    updated: int
    summary: str
    actor: str
