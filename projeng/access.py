"""Permissions: one rule decides what a user may see on pages and which events reach them."""

from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils import timezone

from realtime.access.accounts import Account
from realtime.access.authority import Viewer

from .models import Project, ProjectPart

ALL_PROJECTS = "projects"  # the audience key of users who see every project
OWN_CORRECTIONS = timedelta(hours=24)  # so long after entering a part its author may correct it


class Role(StrEnum):
    """A user's role in the office. The value is the name of the Django group."""

    HEAD = "Head Engineer"
    FINANCE = "Finance Manager"
    ENGINEER = "Project Engineer"


def role_from(is_superuser: bool, groups: Collection[str]) -> Role | None:
    """Return the effective role. A superuser is a Head Engineer; of several roles, the one that sees most applies."""
    if is_superuser:
        return Role.HEAD
    return next((role for role in Role if role in groups), None)


def role_of(user: Any) -> Role | None:
    """Return the role of a user, or ``None`` for an anonymous or disabled user and for one without a role."""
    if not user.is_authenticated or not user.is_active:
        return None
    if not hasattr(user, "_office_role"):
        user._office_role = role_from(user.is_superuser, set(user.groups.values_list("name", flat=True)))
    return user._office_role


def sees_all(role: Role | None) -> bool:
    """Return whether a role sees every project."""
    return role in {Role.HEAD, Role.FINANCE}


def visible_projects(user: Any) -> QuerySet[Project]:
    """Return the projects that a user may see."""
    role = role_of(user)
    if sees_all(role):
        return Project.objects.all()
    if role is Role.ENGINEER:
        return Project.objects.filter(assigned_engineers=user)
    return Project.objects.none()


def project_viewers(project_id: int, user_ids: Collection[int]) -> set[int]:
    """Return which of these users may see a project."""
    sees_it = Q(is_superuser=True) | Q(groups__name__in=[role for role in Role if sees_all(role)])
    assigned = Project.assigned_engineers.through.objects.filter(project=project_id).order_by().values("user")
    sees_it |= Q(groups__name=Role.ENGINEER, pk__in=assigned)
    return set(_active_users(sees_it).filter(pk__in=user_ids).order_by().values_list("pk", flat=True))


def may_manage(user: Any) -> bool:
    """Return whether a user may create, edit, delete and assign projects."""
    return role_of(user) is Role.HEAD


def may_report(user: Any, project: Project) -> bool:
    """Return whether a user may report progress, milestones and documents of a project."""
    role = role_of(user)
    return role is Role.HEAD or (role is Role.ENGINEER and project.assigned_engineers.filter(pk=user.pk).exists())


def may_add_cost(user: Any, project: Project) -> bool:
    """Return whether a user may enter a cost of a project."""
    return role_of(user) is Role.FINANCE or may_report(user, project)


def may_enter(user: Any, kind: str, project: Project) -> bool:
    """Return whether a user may enter parts of this kind (``ProjectPart.kind``) in a project."""
    return may_add_cost(user, project) if kind == "cost" else may_report(user, project)


def may_correct(user: Any, part: ProjectPart, *, enters: bool | None = None) -> bool:
    """Return whether a user may edit, void and restore a part: heads always, its author for a day.

    ``enters``: ``may_enter`` of this kind and project, if the caller knows it already.
    """
    if enters is None:
        enters = may_enter(user, part.kind, part.project)
    return may_correct_as(role_of(user), user.pk, part, enters=enters)


def may_correct_as(role: Role | None, user_id: int, part: ProjectPart, *, enters: bool) -> bool:
    """Return the same for a user with this role and id. ``enters``: ``may_enter`` of the part's kind and project."""
    if role is Role.HEAD:
        return True
    if part.author_id != user_id or part.entered_at is None or timezone.now() - part.entered_at >= OWN_CORRECTIONS:
        return False
    return enters


def heads() -> QuerySet:
    """Return the active Head Engineers, including superusers."""
    return _active_users(Q(is_superuser=True) | Q(groups__name=Role.HEAD))


def finance_managers() -> QuerySet:
    """Return the active Finance Managers."""
    return _active_users(Q(groups__name=Role.FINANCE))


def engineers() -> QuerySet:
    """Return the active Project Engineers, who can be assigned to projects."""
    return _active_users(Q(groups__name=Role.ENGINEER))


def _active_users(condition: Q) -> QuerySet:
    return get_user_model().objects.filter(condition, is_active=True).distinct().order_by("pk")


# --- the audience of events -------------------------------------------------------------------------------------


def project_key(project_id: int) -> str:
    """Return the audience key of the engineers who are assigned to a project."""
    return f"project:{project_id}"


def role_key(role: Role) -> str:
    """Return the audience key of the users of a role."""
    return f"role:{role.name.lower()}"


def granted_keys(accounts: Collection[Account]) -> dict[int, set[str]]:
    """Return the keys of each account's role and projects, by user id. Registered with realtime/access/audience.py."""
    roles = {account.pk: role_from(account.is_superuser, account.groups) for account in accounts}
    keys = {user_id: {role_key(role)} if role else set() for user_id, role in roles.items()}
    for user_id, role in roles.items():
        if sees_all(role):
            keys[user_id].add(ALL_PROJECTS)
    assigned = [user_id for user_id, role in roles.items() if role is Role.ENGINEER]
    if assigned:
        through = Project.assigned_engineers.through.objects.filter(user_id__in=assigned)
        for user_id, project_id in through.values_list("user_id", "project_id"):
            keys[user_id].add(project_key(project_id))
    return keys


def viewer_sees_project(viewer: Viewer, project_id: int) -> bool:
    """Return whether the viewer of a connection may see a project."""
    return ALL_PROJECTS in viewer.keys or project_key(project_id) in viewer.keys


def viewer_role(viewer: Viewer) -> Role | None:
    """Return the role of the viewer of a connection, like ``role_of`` does for a user."""
    return next((role for role in Role if role_key(role) in viewer.keys), None)


def viewer_projects(viewer: Viewer) -> QuerySet[Project]:
    """Return the projects that the viewer of a connection may see, like ``visible_projects`` does for a user."""
    if ALL_PROJECTS in viewer.keys:
        return Project.objects.all()
    prefix = project_key(0)[:-1]
    return Project.objects.filter(pk__in=[int(key[len(prefix) :]) for key in viewer.keys if key.startswith(prefix)])
