"""Signal receivers, which pass each change on to those who announce it. Connected in apps.py."""

from collections.abc import Collection
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete

from realtime.integration.fixtures import is_loaded, watch_loading
from realtime.integration.signals import authority_changed

from . import inbox, notifications, part_notifications
from .actor import actor_name
from .corrections import BOOKKEEPING, Action, Correction, stored_changes
from .formats import shortened
from .models import (
    Notification,
    Project,
    ProjectCost,
    ProjectDocument,
    ProjectMilestone,
    ProjectPart,
    ProjectProgress,
)
from .part_notifications import PartChange
from .recorded import bulk_changed

BULK = "a bulk change"  # the source named in a summary event
UNTOLD = BOOKKEEPING | {"id", "project_id"}  # of a part that is deleted
ANNOUNCED_FIELDS = ("status", *notifications.NOTIFIED_FIELDS, *notifications.DISPLAYED_FIELDS)


def project_saved(instance: Project, created: bool, raw: bool, **_: Any) -> None:
    if raw:  # loaddata also loads the notifications of its rows
        return
    if created:
        notifications.project_created(instance)
    elif changes := instance.changes(ANNOUNCED_FIELDS):
        notifications.project_changed(instance, changes)


def project_deleting(instance: Project, origin: Any, **_: Any) -> None:
    """Announce the deletion. The notifications that it changes are locked first, in the order of their ids."""
    Notification.lock_all(Notification.objects.filter(project__in=_to_lock(instance, origin)))
    engineers = list(instance.assigned_engineers.all())
    notifications.project_deleted(instance, engineers)
    authority_changed(engineer.pk for engineer in engineers)


def engineers_changing(
    instance: Any, action: str, reverse: bool, model: type, pk_set: set[int] | None, **_: Any
) -> None:
    """Handle changes of ``project.assigned_engineers`` and, with ``reverse``, of ``user.assigned_projects``."""
    if is_loaded(instance):
        return
    if action.startswith("pre_"):
        # Lock the projects before any write, like every change of a project, to avoid a deadlock.
        projects = Project.objects.filter(pk=instance.pk)
        if reverse:
            projects = instance.assigned_projects.all() if pk_set is None else Project.objects.filter(pk__in=pk_set)
        if reverse:
            Project.lock_all(projects)  # in the order of their ids; a single row is locked by its update
        if pk_set or action == "pre_clear":
            projects.unannounced().update()  # raises their versions: the engineers are a field of forms
    if action not in {"post_add", "post_remove", "pre_clear"}:
        return
    if action == "pre_clear":  # after the clear, the removed rows are unknown
        others = list((instance.assigned_projects if reverse else instance.assigned_engineers).all())
    else:
        others = list(model.objects.filter(pk__in=pk_set or ()).order_by("pk"))
    change = "assigned" if action == "post_add" else "unassigned"
    if reverse:
        for project in others:
            notifications.engineers_changed(project, **{change: [instance]})
        authority_changed([instance.pk])
    else:
        notifications.engineers_changed(instance, **{change: others})
        authority_changed(user.pk for user in others)


def user_deleting(instance: Any, origin: Any, **_: Any) -> None:
    """Unassign a user from all projects before the user is deleted, so that the projects' pages are updated.

    Every row that the deletion changes is locked first, in the order of all changes: projects, notifications, and the
    account last.
    """
    if users := _to_lock(instance, origin):
        _lock_for_deletion(users)
    instance.assigned_projects.clear()


def _to_lock(instance: Any, origin: Any) -> list[int]:
    """The ids of all rows that are deleted together, with the first of them, in whose turn all are locked."""
    ids = [row.pk for row in origin] if isinstance(origin, QuerySet) else [instance.pk]
    return ids if instance.pk == min(ids) else []


def _lock_for_deletion(users: Collection[int]) -> None:
    concerned = Q(assigned_engineers__in=users) | Q(created_by__in=users)
    for part in (ProjectProgress, ProjectCost, ProjectMilestone):
        concerned |= Q(pk__in=part.objects.filter(created_by__in=users).order_by().values("project"))
    concerned |= Q(pk__in=ProjectDocument.objects.filter(uploaded_by__in=users).order_by().values("project"))
    Project.lock_all(Project.objects.filter(concerned))
    received = Notification.objects.filter(recipient__in=users)
    Notification.lock_all(received)
    list(get_user_model().objects.filter(pk__in=users).order_by("pk").select_for_update())
    # Nothing more can be sent to them now. What was sent after Django had collected what to delete goes, too.
    received.unannounced()._raw_delete(received.db)


def part_saved(instance: ProjectPart, created: bool, raw: bool, **_: Any) -> None:
    if raw:
        return
    names = [field.attname for field in instance._meta.concrete_fields if not field.primary_key]
    if created:
        _part_changed(instance, PartChange("added"))
    elif changes := instance.changes(names):
        action = Action.CHANGED
        if "voided_at" in changes:
            action = Action.VOIDED if instance.is_void else Action.RESTORED
        facts = {name: values for name, values in changes.items() if name not in BOOKKEEPING}
        if facts or action != Action.CHANGED:
            _part_corrected(instance, PartChange(action.value, facts, instance.reason))
    instance.reason = ""


def part_deleted(instance: ProjectPart, origin: Any, **_: Any) -> None:
    deleted_with_project = getattr(origin, "model", type(origin)) is Project
    if not deleted_with_project:
        facts = {field.attname: (field.value_from_object(instance), None) for field in instance._meta.concrete_fields}
        facts = {name: values for name, values in facts.items() if name not in UNTOLD and values[0] not in {None, ""}}
        _part_corrected(instance, PartChange(Action.DELETED.value, facts, instance.reason))


def _part_corrected(part: ProjectPart, change: PartChange) -> None:
    Correction.objects.create(
        project=part.project,
        kind=part.kind,
        part_id=part.pk,
        subject=(part.before or part).title,
        actor=shortened(actor_name()),
        action=change.action,
        changes=stored_changes(change.changes),
        reason=change.reason,
    )
    _part_changed(part, change)


def _part_changed(part: ProjectPart, change: PartChange) -> None:
    match part:
        case ProjectProgress():
            part.project.take_latest_progress()
            part_notifications.progress_reported(part, change)
        case ProjectCost():
            part_notifications.cost_entered(part, change)
        case ProjectMilestone():
            part_notifications.milestone_set(part, change)
        case ProjectDocument():
            part_notifications.document_filed(part, change)


def notification_saved(instance: Notification, created: bool, raw: bool, **_: Any) -> None:
    if raw:
        return
    if created:
        inbox.announce_new([instance])
    elif instance.changes(["is_read"]):
        inbox.announce_changed(Notification.objects.filter(pk=instance.pk))


def projects_changed_in_bulk(rows: QuerySet[Project], created: int, updated: int, **_: Any) -> None:
    notifications.projects_changed(rows, created=created, updated=updated, source=BULK)


def parts_changed_in_bulk(rows: QuerySet, **_: Any) -> None:
    projects = Project.objects.filter(pk__in=rows.values("project_id"))
    notifications.projects_changed(projects, updated=projects.count(), source=BULK)


def notifications_changed_in_bulk(rows: QuerySet[Notification], new: Collection[Notification], **_: Any) -> None:
    if new:
        inbox.announce_new(new)
    else:
        inbox.announce_changed(rows)


def notification_deleted(instance: Notification, origin: Any, **_: Any) -> None:
    if getattr(origin, "model", type(origin)) is Notification:  # not when the recipient is deleted
        inbox.announce_deleted(instance)


def connect_signals() -> None:
    """Connect all receivers."""
    watch_loading(Project)
    post_save.connect(project_saved, sender=Project, dispatch_uid="projeng.project_saved")
    pre_delete.connect(project_deleting, sender=Project, dispatch_uid="projeng.project_deleting")
    through = Project.assigned_engineers.through
    m2m_changed.connect(engineers_changing, sender=through, dispatch_uid="projeng.engineers_changing")
    pre_delete.connect(user_deleting, sender=get_user_model(), dispatch_uid="projeng.user_deleting")
    for part in (ProjectProgress, ProjectCost, ProjectMilestone, ProjectDocument):
        name = part._meta.model_name
        post_save.connect(part_saved, sender=part, dispatch_uid=f"projeng.{name}_saved")
        post_delete.connect(part_deleted, sender=part, dispatch_uid=f"projeng.{name}_deleted")
        bulk_changed.connect(parts_changed_in_bulk, sender=part, dispatch_uid=f"projeng.{name}_bulk")
    bulk_changed.connect(projects_changed_in_bulk, sender=Project, dispatch_uid="projeng.project_bulk")
    bulk_changed.connect(notifications_changed_in_bulk, sender=Notification, dispatch_uid="projeng.notification_bulk")
    post_save.connect(notification_saved, sender=Notification, dispatch_uid="projeng.notification_saved")
    post_delete.connect(notification_deleted, sender=Notification, dispatch_uid="projeng.notification_deleted")
