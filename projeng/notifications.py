"""The recipients and the texts of notifications. Each function announces one change, in the change's transaction.

A change has one event for the users who see the project, one line in its timeline, and one notification for each
recipient.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from realtime.access.audience import user_key
from realtime.log.publish import Announcement, publish

from . import events, inbox
from .access import ALL_PROJECTS, engineers, finance_managers, heads, project_key
from .actor import actor_name, person_name
from .change_texts import describe_changes, json_changes
from .formats import count, shortened
from .models import Project, ProjectActivity, Status

# The fields whose change is notified, with their names in messages. A change of the status has an event of its own.
NOTIFIED_FIELDS = {
    "name": "name",
    "description": "description",
    "barangay": "barangay",
    "project_cost": "budget",
    "start_date": "start date",
    "end_date": "end date",
}
# Other fields that pages display. A change publishes an event, but sends no notification.
DISPLAYED_FIELDS = {"prn": "PRN", "source_of_funds": "source of funds", "progress": "progress", "latitude": "latitude",
                    "longitude": "longitude", "image": "picture"}  # fmt: skip


# --- projects ---------------------------------------------------------------------------------------------------


def project_created(project: Project) -> None:
    """Notify the Head Engineers of a new project. Engineers are notified when they are assigned (a later signal)."""
    actor = actor_name(project.created_by)
    _announce_new(project, actor, "created")
    inbox.send(heads(), f"New project '{project.display_name}' was created by {actor}", project)


def _announce_new(project: Project, actor: str, action: str) -> None:
    shown = {"name": project.name, "status": project.status, "barangay": project.barangay}
    announce(project, events.ProjectCreated, actor, f"Project {action} by {actor}", **shown)


def project_changed(project: Project, changes: dict[str, tuple[Any, Any]]) -> None:
    """Announce every change of one save: the status and other fields have separate events and one notification."""
    actor = actor_name()
    changes = dict(changes)
    notified: list[str] = []
    if "status" in changes:
        old, new = (Status(value).label if value in Status else value for value in changes["status"])
        notified.append(f"status changed from {old} to {new}")
        old_status, new_status = changes.pop("status")
        announce(
            project,
            events.ProjectStatusChanged,
            actor,
            f"Status changed from {old} to {new} by {actor}",
            name=project.name,
            old_status=old_status,
            new_status=new_status,
        )
    if changes:
        announce(
            project,
            events.ProjectUpdated,
            actor,
            f"{describe_changes(changes, NOTIFIED_FIELDS | DISPLAYED_FIELDS)} by {actor}",
            name=project.name,
            status=project.status,
            barangay=project.barangay,
            changes=json_changes(changes),
        )
    notified_changes = {name: values for name, values in changes.items() if name in NOTIFIED_FIELDS}
    if notified_changes:
        notified.append(describe_changes(notified_changes, NOTIFIED_FIELDS, capitalize=False))
    if notified:
        inbox.send(heads(), f"Project '{project.display_name}': {'; '.join(notified)}, by {actor}", project)


def project_deleted(project: Project, assigned: Iterable[Any]) -> None:
    """Notify Head Engineers, Finance Managers and the assigned engineers of a deletion, each once."""
    actor = actor_name()
    assigned = _engineers_among(assigned)
    audience = [ALL_PROJECTS, *(user_key(user.pk) for user in assigned)]
    summary = f"Project deleted by {actor}"
    event = events.ProjectDeleted(
        project_id=project.pk, prn=project.prn, name=project.name, summary=summary, actor=actor, activity_id=None
    )
    publish(Announcement(event, audience))
    everyone = [*heads(), *finance_managers(), *assigned]
    inbox.send(everyone, f"Project '{project.display_name}' was deleted by {actor}")


def project_restored(project: Project, assigned: Iterable[Any]) -> None:
    """Notify those who were notified of the deletion, and announce the project as a new one is announced."""
    actor = actor_name()
    _announce_new(project, actor, "restored")
    everyone = [*heads(), *finance_managers(), *_engineers_among(assigned)]
    inbox.send(everyone, f"Project '{project.display_name}' was restored by {actor}", project)


def engineers_changed(project: Project, assigned: Iterable[Any] = (), unassigned: Iterable[Any] = ()) -> None:
    """Notify newly assigned engineers. Unassigned engineers only receive the event, which removes the project."""
    assigned, unassigned = list(assigned), list(unassigned)
    if not assigned and not unassigned:
        return
    actor = actor_name(project.created_by)
    parts = []
    if assigned:
        parts.append(f"{_names(assigned)} assigned")
    if unassigned:
        parts.append(f"{_names(unassigned)} taken off")
    announce(
        project,
        events.AssignmentChanged,
        actor,
        f"{', '.join(parts)} by {actor}",
        extra_audience=[user_key(user.pk) for user in _engineers_among(unassigned)],
        name=project.name,
        assigned=[{"id": user.pk, "name": person_name(user)} for user in assigned],
        unassigned=[{"id": user.pk, "name": person_name(user)} for user in unassigned],
    )
    inbox.send(
        _engineers_among(assigned), f"You have been assigned to project '{project.display_name}' by {actor}", project
    )


def projects_changed(projects: QuerySet[Project], *, source: str, created: int = 0, updated: int = 0) -> None:
    """Publish one event for many changed projects to users who see all and to their engineers; notify the heads."""
    actor = actor_name()
    counted = [f"{count(number)} {what}" for number, what in ((created, "new"), (updated, "updated")) if number]
    summary = f"Projects changed by {source}: {', '.join(counted) or 'none'}, by {actor}"
    through = Project.assigned_engineers.through.objects
    assigned = through.filter(project__in=projects, user__in=engineers().order_by().values("pk"))
    assigned = assigned.values_list("user_id", flat=True).distinct()
    event = events.ProjectsChanged(source=source, created=created, updated=updated, summary=summary, actor=actor)
    publish(Announcement(event, [ALL_PROJECTS, *(user_key(user_id) for user_id in assigned)]))
    inbox.send(heads(), summary)


# --- events and names -------------------------------------------------------------------------------------------


def announce(
    project: Project,
    event: type[events.ProjectEvent],
    actor: str,
    summary: str,
    extra_audience: Iterable[str] = (),
    **fields: Any,
) -> None:
    """Write a line of the timeline, and publish the event that carries it."""
    summary = shortened(summary, 500)
    activity = ProjectActivity.objects.create(project=project, actor=shortened(actor), summary=summary)
    announced = event(
        project_id=project.pk, prn=project.prn, summary=summary, actor=actor, activity_id=activity.pk, **fields
    )
    publish(Announcement(announced, [ALL_PROJECTS, project_key(project.pk), *extra_audience]))


def _engineers_among(users: Iterable[Any]) -> list[Any]:
    """Return the active engineers among ``users``. A user who lost the role no longer sees assigned projects."""
    users = list(users)
    engineer_ids = set(engineers().filter(pk__in=[user.pk for user in users]).values_list("pk", flat=True))
    return [user for user in users if user.pk in engineer_ids]


def _names(users: Iterable[Any]) -> str:
    return ", ".join(person_name(user) for user in users)
