"""Where applications meet that do not know each other: a project has a conversation of those who may see it."""

from collections.abc import Collection
from typing import Any

from django.db.models.signals import m2m_changed, post_save
from django.urls import reverse

from messaging import subject_changes
from messaging.subjects import Subject, register_subject
from projeng.access import ALL_PROJECTS, project_key, visible_projects
from projeng.models import Project

PROJECT = "project"


def connect() -> None:
    """Register what the applications offer each other. Called when the site starts."""
    register_subject(Subject(PROJECT, visible=visible, audience=audience, title=title, address=address))
    post_save.connect(_project_saved, sender=Project, dispatch_uid="gistagum.project_saved")
    m2m_changed.connect(
        _engineers_changed, sender=Project.assigned_engineers.through, dispatch_uid="gistagum.engineers_changed"
    )


def key_of(pk: int) -> str:
    """The key under which a project has its conversation."""
    return f"{PROJECT}:{pk}"


def project_id(key: str) -> int | None:
    """The id in a key (``project:12``); ``None`` where it is not that of a project. A project has one key alone."""
    prefix, _, text = key.partition(":")
    if prefix != PROJECT or not (text.isascii() and text.isdecimal() and len(text) <= 18):
        return None
    return int(text) if text == str(int(text)) else None


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


def _project_saved(instance: Project, created: bool, raw: bool, **_: Any) -> None:
    if not created and not raw:
        subject_changes.renamed(key_of(instance.pk))


def _engineers_changed(instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_: Any) -> None:
    """Tell the pages of those who were assigned or unassigned. ``reverse``: ``user.assigned_projects`` was changed."""
    if action not in {"post_add", "post_remove", "pre_clear"}:
        return
    changed = pk_set or set()
    if action == "pre_clear":  # after the clear, the removed rows are unknown
        others = instance.assigned_projects if reverse else instance.assigned_engineers
        changed = set(others.values_list("pk", flat=True))
    if not changed:
        return
    projects, people = (changed, {instance.pk}) if reverse else ({instance.pk}, changed)
    subject_changes.seen_by_others([key_of(pk) for pk in sorted(projects)], sorted(people))
