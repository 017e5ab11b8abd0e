"""The event types of the office and their fields. A test compares docs/events.md with them."""

from dataclasses import dataclass, field
from typing import Any

from realtime.log.events import EventType

NOTIFICATIONS = "notifications"
PROJECTS = "projects"
DASHBOARD = "dashboard"  # has state frames only, no events


# --- notifications ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class NotificationCreated(EventType):
    """A new notification for one user. ``project_url`` is the page of its project, if the user may open it."""

    type = "notification"
    topic = NOTIFICATIONS

    unread_count: int | None = None  # filled in at numbering (realtime/log/counters.py)
    notification: dict[str, Any]
    notification_id: int
    message: str
    project_url: str | None


@dataclass(frozen=True, kw_only=True)
class _NotificationsChanged(EventType):
    topic = NOTIFICATIONS

    notification_ids: list[int]
    all: bool
    unread_count: int | None = None  # filled in at numbering (realtime/log/counters.py)


@dataclass(frozen=True, kw_only=True)
class NotificationsRead(_NotificationsChanged):
    """Notifications of one user were read. ``all`` means every one; ``notification_ids`` is empty then."""

    type = "notifications_read"


@dataclass(frozen=True, kw_only=True)
class NotificationsDeleted(_NotificationsChanged):
    """Notifications of one user were deleted. ``all`` means every one; ``notification_ids`` is empty then."""

    type = "notifications_deleted"


@dataclass(frozen=True, kw_only=True)
class NotificationsRestored(_NotificationsChanged):
    """A deletion of notifications was undone. ``all`` means too many to list."""

    type = "notifications_restored"


# --- projects ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ProjectEvent(EventType):
    """Base of the events of one project: the project, a summary for its timeline, and the actor.

    ``activity_id`` is the id of the timeline's line; ``null`` when the project was deleted.
    """

    topic = PROJECTS

    project_id: int
    prn: str
    summary: str
    actor: str
    activity_id: int | None


@dataclass(frozen=True, kw_only=True)
class ProjectCreated(ProjectEvent):
    """A project was created."""

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
    """A project was deleted."""

    type = "project_deleted"

    name: str


@dataclass(frozen=True, kw_only=True)
class AssignmentChanged(ProjectEvent):
    """Engineers were assigned to a project or unassigned from it. Each is ``{"id", "name"}``."""

    type = "assignment_changed"

    name: str
    assigned: list[dict[str, Any]]
    unassigned: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class PartEvent(ProjectEvent):
    """Base of the events of a project's parts.

    ``action`` is added, changed, voided, restored or deleted. ``changes`` (like those of ``ProjectUpdated``) and
    ``reason`` say what a correction changed and why; they are empty for a new part.
    """

    project_name: str
    action: str
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ProgressUpdated(PartEvent):
    """A progress report changed. ``progress`` is the project's new progress."""

    type = "progress_updated"

    progress_id: int
    progress: float
    progress_data: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class CostUpdated(PartEvent):
    """A cost changed.

    ``spent`` (pesos) and ``spent_percent`` (of the budget, ``null`` without one) are the project's new totals.
    """

    type = "cost_updated"

    cost_id: int
    cost_data: dict[str, Any]
    spent: str
    formatted_spent: str
    spent_percent: float | None


@dataclass(frozen=True, kw_only=True)
class MilestoneUpdated(PartEvent):
    """A milestone changed."""

    type = "milestone_updated"

    milestone_id: int
    milestone_data: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DocumentUpdated(PartEvent):
    """A document changed."""

    type = "document_updated"

    document_id: int
    document_data: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ProjectsChanged(EventType):
    """Many projects changed at once, for example in an import. Pages that show projects reload them."""

    type = "projects_changed"
    topic = PROJECTS

    source: str
    created: int
    updated: int
    summary: str
    actor: str
