"""The present state that streams show beside events: the unread count, the counters, the projects' status."""

from collections.abc import Hashable
from typing import Any

from django.db.models import Count

from realtime.access.authority import Viewer
from realtime.delivery.snapshots import State, Subjects
from realtime.log.events import iso
from realtime.log.replay import Frame

from .access import ALL_PROJECTS, projects_held
from .events import NotificationsDeleted, NotificationsRead, ProjectsChanged
from .inbox import unread_counts
from .models import Project, Status

SHOWN_STATUSES = (Status.PLANNED, Status.IN_PROGRESS, Status.COMPLETED, Status.DELAYED)
MOST_PROJECTS = 200  # in one frame; after a larger change pages load their list again
MANY = -1  # the subject that stands for "too many projects to name"


def _own(viewer: Viewer) -> Hashable:
    return viewer.user_id


def _same_projects(viewer: Viewer) -> Hashable:
    return ALL_PROJECTS if ALL_PROJECTS in viewer.keys else viewer.keys


# --- the bell's count -------------------------------------------------------------------------------------------


def _touches_count(frame: Frame) -> Hashable | None:
    # A new notification carries the count itself.
    return True if frame.type in {NotificationsRead.type, NotificationsDeleted.type} else None


def _read_count(viewer: Viewer, subjects: Subjects) -> list[dict[str, Any]]:
    return [{"type": "notification", "unread_count": unread_counts([viewer.user_id])[viewer.user_id]}]


UNREAD_COUNT = State("unread_count", _touches_count, _read_count, _own)


# --- the dashboard's counters -----------------------------------------------------------------------------------


def dashboard_counts(projects: Any) -> dict[str, Any]:
    """How many of these projects there are in each status that the dashboard shows, and in all."""
    counts = dict(projects.order_by().values_list("status").annotate(Count("pk", distinct=True)))
    return {
        "status_counts": {status.value: counts.get(status.value, 0) for status in SHOWN_STATUSES},
        "total_projects": sum(counts.values()),
    }


def _touches_projects(frame: Frame) -> Hashable | None:
    return True if frame.topic == ProjectsChanged.topic else None


def _read_dashboard(viewer: Viewer, subjects: Subjects) -> list[dict[str, Any]]:
    return [{"type": "dashboard_update", **dashboard_counts(projects_held(viewer))}]


DASHBOARD_COUNTS = State("dashboard", _touches_projects, _read_dashboard, _same_projects)


# --- projects ---------------------------------------------------------------------------------------------------


def _touched_project(frame: Frame) -> Hashable | None:
    if frame.type == ProjectsChanged.type:
        return MANY
    return frame.fields.get("project_id") if frame.topic == ProjectsChanged.topic else None


def _read_projects(viewer: Viewer, subjects: Subjects) -> list[dict[str, Any]]:
    projects = projects_held(viewer).order_by("-updated_at", "-pk")
    if subjects is not None and MANY not in subjects:
        projects = projects.filter(pk__in=subjects)
    shown = [_project_line(project) for project in projects[:MOST_PROJECTS]]
    return [{"type": "project_status", "projects": shown}] if shown else []


def _project_line(project: Project) -> dict[str, Any]:
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


# A stream that opens shows no projects until one changes: the page has just been rendered.
CHANGED_PROJECTS = State("projects", _touched_project, _read_projects, _same_projects, opens=False)


def one_project(project_id: int) -> State:
    """The state of a single project, shown at once and after each of its changes."""

    def touches(frame: Frame) -> Hashable | None:
        return True if _touched_project(frame) in {project_id, MANY} else None

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
            for project in projects_held(viewer).filter(pk=project_id)
        ]

    return State(f"project-{project_id}", touches, read, _same_projects)
