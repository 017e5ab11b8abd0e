"""Where applications meet that do not know each other: a project has a conversation of those who may see it."""

from collections.abc import Collection
from typing import Any

from django.urls import reverse

from messaging.subjects import Subject, register_subject
from projeng.access import ALL_PROJECTS, project_key, visible_projects
from projeng.models import Project

PROJECT = "project"


def connect() -> None:
    """Register what the applications offer each other. Called when the site starts."""
    register_subject(
        Subject(PROJECT, visible=visible, audience=audience, title=title, address=address),
    )


def project_id(key: str) -> int | None:
    """The id in a key (``project:12``); ``None`` where it is not that of a project."""
    prefix, _, text = key.partition(":")
    return int(text) if prefix == PROJECT and text.isascii() and text.isdecimal() and len(text) <= 18 else None


def visible(person: Any, keys: Collection[str]) -> list[str]:
    """Those of these keys whose project the person may see. One query."""
    ids = {project_id(key): key for key in keys}
    found = visible_projects(person).filter(pk__in=[pk for pk in ids if pk is not None]).order_by()
    return [ids[pk] for pk in found.values_list("pk", flat=True).distinct()]


def audience(key: str) -> list[str]:
    """The keys of those who may see the project: its engineers, and who sees all projects."""
    pk = project_id(key)
    return [ALL_PROJECTS, *([project_key(pk)] if pk is not None else [])]


def title(key: str) -> str:
    """What the conversation is called: as the project is."""
    project = Project.objects.filter(pk=project_id(key)).only("name").first()
    return project.name if project else key


def address(key: str) -> str:
    """The project's page."""
    return reverse("project_detail", args=[project_id(key)])
