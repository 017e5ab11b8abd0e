"""The floor of the writers: the same rows, inserted with Django's ORM into plain tables.

The tables have the columns, indexes and foreign keys of the site's own. There are no locks, no signals, no reads and no
events: a transaction is what an application writes that announces nothing. It runs with the code of this repository.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gistagum.settings")

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from projeng.models import Notification, Project, ProjectActivity  # noqa: E402
from realtime.log.events import iso  # noqa: E402

HEADS = 5


class PlainEvent(models.Model):
    """A table like that of the log."""

    type = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)
    fields = models.JSONField()
    audience = models.JSONField(default=list)

    class Meta:
        app_label = "bench"
        db_table = "bench_event"
        indexes = [models.Index(fields=["at"], name="bench_event_at")]

    def __str__(self) -> str:
        return f"{self.pk} {self.type}"


def _like(model: type[models.Model], **targets: type[models.Model]) -> type[models.Model]:
    """Return a plain model with the columns, indexes and constraints of ``model``.

    ``targets`` are the models to which its foreign keys refer instead.
    """
    options = {
        "app_label": "bench",
        "db_table": f"bench_{model._meta.model_name}",
        "indexes": [models.Index(fields=one.fields, name=f"bench_{one.name}") for one in model._meta.indexes],
        "constraints": list(model._meta.constraints),
    }
    columns = {field.name: _column(field, targets) for field in model._meta.concrete_fields}
    attributes = {"__module__": __name__, "Meta": type("Meta", (), options), **columns}
    return type(f"Plain{model.__name__}", (models.Model,), attributes)


def _column(field: models.Field, targets: dict[str, type[models.Model]]) -> models.Field:
    _, _, arguments, options = field.deconstruct()
    if field.is_relation:
        options |= {"to": targets.get(field.name, options["to"]), "related_name": "+"}
    return type(field)(*arguments, **options)


PlainProject: Any = _like(Project)
PlainActivity: Any = _like(ProjectActivity, project=PlainProject)
PlainNotification: Any = _like(Notification, project=PlainProject)


def prepare(projects: list[str]) -> None:
    """Create the tables, the people to whom notifications refer, and projects with these reference numbers."""
    with connection.schema_editor() as editor:
        for model in (PlainEvent, PlainProject, PlainActivity, PlainNotification):
            editor.create_model(model)
    User.objects.bulk_create(User(username=f"head{number}", password="!") for number in range(HEADS))
    for prn in projects:
        PlainProject.objects.create(prn=prn, name="Covered court", barangay="Apokon", project_cost=1_000_000)


def operations(prn: str, texts: Iterator[str]) -> dict[str, Callable[[], None]]:
    """Return the transactions of the writer with this project, by the names of those that they are compared with."""
    project = PlainProject.objects.get(prn=prn)
    heads = list(User.objects.order_by("pk"))

    def insert() -> None:
        fields = {"source": next(texts), "created": 0, "updated": 1, "summary": "Status of projects changed"}
        with transaction.atomic():
            PlainEvent.objects.create(
                type="projects_changed", fields={**fields, "actor": "the bench"}, audience=["projects"]
            )

    def save() -> None:
        """One UPDATE and four INSERTs of twelve rows: the timeline's, the event's, five notifications, their events."""
        before, project.description = project.description, next(texts)
        with transaction.atomic():
            project.save()
            activity = PlainActivity.objects.create(
                project=project, actor="System", summary="Description changed by System"
            )
            PlainEvent.objects.create(
                type="project_updated", fields=_updated(project, activity, before), audience=["projects"]
            )
            message = f"Project '{project.name} (PRN: {project.prn})': description changed, by System"
            notifications = PlainNotification.objects.bulk_create(
                PlainNotification(recipient=head, project=project, message=message) for head in heads
            )
            PlainEvent.objects.bulk_create(
                PlainEvent(type="notification", fields=_notified(one), audience=[f"user:{one.recipient_id}"])
                for one in notifications
            )

    return {"publish": insert, "save": save}


def _updated(project: Any, activity: Any, before: str) -> dict[str, Any]:
    return {
        "project_id": project.pk,
        "prn": project.prn,
        "summary": activity.summary,
        "actor": activity.actor,
        "activity_id": activity.pk,
        "name": project.name,
        "status": project.status,
        "barangay": project.barangay,
        "changes": {"description": {"old": before, "new": project.description}},
    }


def _notified(row: Any) -> dict[str, Any]:
    notification = {
        "id": row.pk,
        "message": row.message,
        "created_at": iso(row.created_at),
        "project_id": row.project_id,
    }
    return {"unread_count": 1, "notification": notification, "notification_id": row.pk, "message": row.message}
