"""Deleting a project so that this can be undone, with everything that belongs to it."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.utils import NestedObjects
from django.contrib.auth import get_user_model
from django.db import models, router

from realtime.integration.signals import authority_changed

from . import notifications
from .models import Deletion, Notification, Project


def delete_project(user: Any, project: Project) -> Deletion:
    """Delete a project that is locked, and return the deletion, which ``restore_project`` undoes."""
    found = NestedObjects(using=router.db_for_write(Project), origin=project)
    found.collect([project])
    # Rows of relations are kept with the rows that they belong to.
    rows = [row for model, some in found.data.items() if not model._meta.auto_created for row in some]
    linked = list(Notification.objects.filter(project=project).order_by("pk").values_list("pk", flat=True))
    kept = Deletion.keep(user, rows, linked)
    project.delete()
    return kept


def restore_project(kept: Deletion, rows: Iterable[models.Model]) -> Project:
    """Undo a deletion: the project and its parts are as they were. Call in its transaction.

    Accounts that were deleted meanwhile are left out.
    """
    rows = list(rows)
    [project] = [row for row in rows if isinstance(row, Project)]
    accounts = set(get_user_model().objects.order_by().values_list("pk", flat=True))
    for row in rows:
        _leave_out_lost(row, accounts)
        row.save_base(raw=True, force_insert=True)
    assigned = _assigned(kept) & accounts
    through = Project.assigned_engineers.through
    through._default_manager.bulk_create(through(project=project, user_id=pk) for pk in sorted(assigned))
    Notification.lock_all(Notification.objects.filter(pk__in=kept.linked))
    Notification.objects.unannounced().filter(pk__in=kept.linked, project=None).update(project=project)
    authority_changed(assigned)
    notifications.project_restored(project, get_user_model().objects.filter(pk__in=assigned))
    return project


def _assigned(kept: Deletion) -> set[int]:
    [fields] = [row["fields"] for row in kept.rows if row["model"] == Project._meta.label_lower]
    return {int(pk) for pk in fields["assigned_engineers"]}


def _leave_out_lost(row: models.Model, accounts: set[int]) -> None:
    for field in row._meta.concrete_fields:
        if field.related_model is get_user_model() and getattr(row, field.attname) not in accounts:
            setattr(row, field.attname, None)
