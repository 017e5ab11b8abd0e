"""A database in which an office has worked for a while, and what is in it, to compare another one with."""

from datetime import date, timedelta
from typing import Any

from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import models
from django.utils import timezone

from projeng import inbox
from projeng.access import Role
from projeng.models import Notification, Project, ProjectCost, ProjectMilestone, ProjectProgress
from realtime.log import replay
from realtime.log.models import Event
from switchover.transport import demotions

from .people import person, session_cookie

NOT_COMPARED = {"realtime.OutboxScan", "realtime.LogEpoch", "realtime.ServerProcess"}  # of one database alone
GONE = 10  # the newest notifications, which were deleted


def make_office() -> str:
    """Fill the database that is in use, and return the Cookie header of somebody who is signed in."""
    head, engineer = person(Role.HEAD, first_name="Ligaya"), person(Role.ENGINEER, first_name="Niño")
    Group.objects.get(name=Role.HEAD.value).permissions.add(*Permission.objects.filter(codename__startswith="add_")[:3])
    head.user_permissions.add(Permission.objects.get(codename="change_project"))
    for number in range(3):
        project = Project.objects.create(name=f"Road {number} – ₱ ñ", prn=f"PRN-{number}", barangay="Apokon",
                                         project_cost="1000000.50", created_by=head)  # fmt: skip
        project.assigned_engineers.add(engineer)
    ProjectCost.objects.create(project=project, cost_type="labor", amount="1234.56", created_by=engineer)
    ProjectProgress.objects.create(project=project, percentage_complete="12.5", created_by=engineer)
    ProjectMilestone.objects.create(project=project, name="Base", target_date=date(2026, 12, 1))
    LogEntry.objects.log_actions(head.pk, [project], CHANGE, "Changed.")
    demotions.demote("user", str(engineer.pk), reason="its network", by="the test")
    inbox.mark_read(engineer)
    for number in range(GONE):
        inbox.send([head], f"deleted {number}")
    for row in Notification.objects.filter(message__startswith="deleted"):
        inbox.delete(head, row.pk)
    Project.objects.create(name="Deleted", prn="PRN-9", barangay="Apokon").delete()
    replay.head()
    Event.objects.filter(pk=Event.objects.earliest("pk").pk).update(at=timezone.now() - timedelta(days=99))
    call_command("prune_events", trust_clock=True, verbosity=0)
    return session_cookie(head)


def contents() -> dict[str, list[dict[str, Any]]]:
    """Every row of the database that is in use, by model, but for what is true of one database alone."""
    replay.head()
    return {
        model._meta.label: list(models.QuerySet(model).order_by("pk").values())
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.label not in NOT_COMPARED
    }
