"""What a writer of the site does in a transaction. Runs with the code of the build that is measured."""

import os
from collections.abc import Callable, Iterator

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gistagum.settings")

import django

django.setup()

from django.contrib.auth.models import Group, User  # noqa: E402
from django.db import transaction  # noqa: E402

from projeng.access import Role  # noqa: E402
from projeng.events import ProjectsChanged  # noqa: E402
from projeng.models import Project  # noqa: E402
from realtime.log.publish import Announcement, publish  # noqa: E402

HEADS = 5  # each is notified of each save


def prepare(projects: list[str]) -> None:
    """Create the Head Engineers, and projects with these reference numbers."""
    heads = User.objects.bulk_create(User(username=f"head{number}", password="!") for number in range(HEADS))
    group = Group.objects.get(name=Role.HEAD.value)
    User.groups.through.objects.bulk_create(User.groups.through(user=head, group=group) for head in heads)
    for prn in projects:
        Project.objects.create(prn=prn, name="Covered court", barangay="Apokon", project_cost=1_000_000)


def operations(prn: str, texts: Iterator[str]) -> dict[str, Callable[[], None]]:
    """Return the transactions of the writer with this project, by name. Each has the next of ``texts``."""
    project = Project.objects.get(prn=prn)

    def publish_one() -> None:
        event = ProjectsChanged(
            source=next(texts), created=0, updated=1, summary="Status of projects changed", actor="the bench"
        )
        with transaction.atomic():
            publish(Announcement(event, ["projects"]))

    def save() -> None:
        project.description = next(texts)
        project.save()

    return {"publish": publish_one, "save": save}
