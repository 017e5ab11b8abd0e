"""Sets the status of projects that are past their end date and not nearly done to delayed."""

from argparse import ArgumentParser
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from projeng.actor import acting
from projeng.consistency import DONE_ENOUGH
from projeng.formats import day, percent
from projeng.models import Project, Status
from realtime.management.scripted import ScriptedCommand


class Command(ScriptedCommand):
    help = (
        "Set the status of planned and ongoing projects that are past their end date, with progress under 98 %, to "
        "delayed, and tell the Head Engineers of each. Run it daily; running it again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="Only say which projects would be flagged.")

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run = options["dry_run"]
        flagged = []
        with acting("the overdue check"):
            for pk in overdue_projects().order_by("end_date", "pk").values_list("pk", flat=True):
                project = Project.objects.get(pk=pk) if dry_run else flag(pk)
                if project is None:
                    continue
                flagged.append(project)
                if not options["json"]:
                    done = percent(project.progress)
                    self.stdout.write(f"{project.display_name}: ended {day(project.end_date)}, {done} done")
        count = f"{len(flagged)} {'project' if len(flagged) == 1 else 'projects'}"
        self.report(
            options,
            f"{count} would be flagged as delayed." if dry_run else f"{count} flagged as delayed.",
            {
                "dry_run": dry_run,
                "count": len(flagged),
                "projects": [
                    {"id": row.pk, "prn": row.prn, "name": row.name, "end_date": row.end_date, "progress": row.progress}
                    for row in flagged
                ],
            },
        )


def overdue_projects() -> QuerySet[Project]:
    """Return the projects that are overdue today, in the office's time zone, and not yet flagged."""
    return Project.objects.filter(
        end_date__lt=timezone.localdate(), progress__lt=DONE_ENOUGH, status__in=[Status.PLANNED, Status.IN_PROGRESS]
    )


@transaction.atomic
def flag(pk: int) -> Project | None:
    """Flag one project and return it, or ``None`` if it was completed, postponed or deleted meanwhile."""
    project = overdue_projects().select_for_update().filter(pk=pk).first()
    if project is not None:
        project.status = Status.DELAYED
        project.save()
    return project
