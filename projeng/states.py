"""The state frames of the office: the unread count, the dashboard's counters and the projects' status."""

from collections.abc import Hashable
from typing import Any

from django.db.models import Count

from realtime.access.authority import Viewer
from realtime.delivery.snapshots import State, Subjects
from realtime.log.events import iso
from realtime.log.replay import Frame

from .access import ALL_PROJECTS, viewer_projects
from .events import NotificationsDeleted, NotificationsRead, NotificationsRestored, ProjectsChanged
from .inbox import unread_counts
from .models import Project, Status

DASHBOARD_STATUSES = (Status.PLANNED, Status.IN_PROGRESS, Status.COMPLETED, Status.DELAYED, Status.CANCELLED)
MOST_PROJECTS = 200  # in one frame; after a larger change, pages reload their list
MANY = -1  # the subject that stands for many projects, whose ids the event does not list


def _user_scope(viewer: Viewer) -> Hashable:
    return viewer.user_id


def projects_scope(viewer: Viewer) -> Hashable:
    """Return what tells apart viewers who see different projects."""
    return ALL_PROJECTS if ALL_PROJECTS in viewer.keys else viewer.keys


# --- the unread count -------------------------------------------------------------------------------------------


_COUNTED = {NotificationsRead.type, NotificationsDeleted.type, NotificationsRestored.type}


def _unread_count_subject(frame: Frame) -> Hashable | None:
    # The event of a new notification contains the count, so it needs no state frame.
    return True if frame.type in _COUNTED else None


def _read_unread_count(viewer: Viewer, subjects: Subjects) -> list[dict[str, Any]]:
    return [{"type": "notification", "unread_count": unread_counts([viewer.user_id])[viewer.user_id]}]


UNREAD_COUNT = State("unread_count", _unread_count_subject, _read_unread_count, _user_scope)


# --- the dashboard's counters -----------------------------------------------------------------------------------


def dashboard_counts(projects: Any) -> dict[str, Any]:
    """Return the number of projects in each status, and their sum, the total."""
    counts = dict(projects.order_by().values_list("status").annotate(Count("pk", distinct=True)))
    return {
        "status_counts": {status.value: counts.get(status.value, 0) for status in DASHBOARD_STATUSES},
        "total_projects": sum(counts.values()),
    }


def _dashboard_subject(frame: Frame) -> Hashable | None:
    return True if frame.topic == ProjectsChanged.topic else None


def _read_dashboard(viewer: Viewer, subjects: Subjects) -> list[dict[str, Any]]:
    return [{"type": "dashboard_update", **dashboard_counts(viewer_projects(viewer))}]


DASHBOARD_COUNTS = State("dashboard", _dashboard_subject, _read_dashboard, projects_scope)


# --- projects ---------------------------------------------------------------------------------------------------


def _project_subject(frame: Frame) -> Hashable | None:
    if frame.type == ProjectsChanged.type:
        return MANY
    return frame.fields.get("project_id") if frame.topic == ProjectsChanged.topic else None


def _read_projects(viewer: Viewer, subjects: Subjects) -> list[dict[str, Any]]:
    projects = viewer_projects(viewer).order_by("-updated_at", "-pk")
    if subjects is not None and MANY not in subjects:
        projects = projects.filter(pk__in=subjects)
    rows = [_project_row(project) for project in projects[:MOST_PROJECTS]]
    return [{"type": "project_status", "projects": rows}] if rows else []


def _project_row(project: Project) -> dict[str, Any]:
    return {
        "id": project.pk,
        "name": project.name,
        "status": project.status,
        "description": project.description,
        "barangay": project.barangay,
        "progress": float(project.progress),
        "start_date": project.start_date,
        "end_date": project.end_date,
        "updated_at": iso(project.updated_at),
    }


# A new stream sends no projects until one changes, since the page has just been rendered with them.
CHANGED_PROJECTS = State("projects", _project_subject, _read_projects, projects_scope, opens=False)


def one_project(project_id: int) -> State:
    """Return the state of one project, which is sent at once and after each of its changes."""

    def subject(frame: Frame) -> Hashable | None:
        return True if _project_subject(frame) in {project_id, MANY} else None

    def read(viewer: Viewer, subjects: Subjects) -> list[dict[str, Any]]:
        return [
            {
                "type": "project_status",
                "project_id": project.pk,
                "id": project.pk,
                "status": project.status,
                "progress": float(project.progress),
                "updated_at": iso(project.updated_at),
            }
            for project in viewer_projects(viewer).filter(pk=project_id)
        ]

    return State(f"project-{project_id}", subject, read, projects_scope)
