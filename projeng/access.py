"""Who may see and do what: one rule for pages and for the audience of events."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from realtime.access.accounts import Account
from realtime.access.authority import Viewer

from .models import Project

ALL_PROJECTS = "projects"  # the audience key of those who see every project


class Role(StrEnum):
    """What somebody is in the office; the value is the name of the Django group."""

    HEAD = "Head Engineer"
    FINANCE = "Finance Manager"
    ENGINEER = "Project Engineer"


def role_from(is_superuser: bool, groups: Collection[str]) -> Role | None:
    """The role that counts: a superuser is a Head Engineer; of several groups, the one that sees most."""
    if is_superuser:
        return Role.HEAD
    return next((role for role in Role if role in groups), None)


def role_of(user: Any) -> Role | None:
    """The role of a signed-in user; ``None`` for somebody without one, or whose account is disabled."""
    if not user.is_authenticated or not user.is_active:
        return None
    if not hasattr(user, "_office_role"):
        user._office_role = role_from(user.is_superuser, set(user.groups.values_list("name", flat=True)))
    return user._office_role


def sees_all(role: Role | None) -> bool:
    """Whether a role sees every project."""
    return role in {Role.HEAD, Role.FINANCE}


def visible_projects(user: Any) -> QuerySet[Project]:
    """The projects that a user may see."""
    role = role_of(user)
    if sees_all(role):
        return Project.objects.all()
    if role is Role.ENGINEER:
        return Project.objects.filter(assigned_engineers=user)
    return Project.objects.none()


def may_manage(user: Any) -> bool:
    """Whether a user may create, edit, delete and assign projects."""
    return role_of(user) is Role.HEAD


def may_report(user: Any, project: Project) -> bool:
    """Whether a user may report progress, milestones and documents of a project."""
    role = role_of(user)
    return role is Role.HEAD or (role is Role.ENGINEER and project.assigned_engineers.filter(pk=user.pk).exists())


def may_add_cost(user: Any, project: Project) -> bool:
    """Whether a user may enter a cost of a project."""
    return role_of(user) is Role.FINANCE or may_report(user, project)


def heads() -> QuerySet:
    """The active Head Engineers, superusers among them."""
    return _active_users(Q(is_superuser=True) | Q(groups__name=Role.HEAD))


def finance_managers() -> QuerySet:
    """The active Finance Managers."""
    return _active_users(Q(groups__name=Role.FINANCE))


def engineers() -> QuerySet:
    """The active Project Engineers: those who can be assigned."""
    return _active_users(Q(groups__name=Role.ENGINEER))


def _active_users(which: Q) -> QuerySet:
    return get_user_model().objects.filter(which, is_active=True).distinct().order_by("pk")


# --- the same rule for events -----------------------------------------------------------------------------------


def project_key(project_id: int) -> str:
    """The audience key of those who are assigned to a project."""
    return f"project:{project_id}"


def granted_keys(accounts: Collection[Account]) -> dict[int, set[str]]:
    """Which project keys these accounts hold (the rule that projeng gives to realtime/access/audience.py)."""
    roles = {account.pk: role_from(account.is_superuser, account.groups) for account in accounts}
    keys = {user_id: {ALL_PROJECTS} if sees_all(role) else set() for user_id, role in roles.items()}
    assigned = [user_id for user_id, role in roles.items() if role is Role.ENGINEER]
    if assigned:
        through = Project.assigned_engineers.through.objects.filter(user_id__in=assigned)
        for user_id, project_id in through.values_list("user_id", "project_id"):
            keys[user_id].add(project_key(project_id))
    return keys


def holds_project(viewer: Viewer, project_id: int) -> bool:
    """Whether somebody who listens may see a project."""
    return ALL_PROJECTS in viewer.keys or project_key(project_id) in viewer.keys


def projects_held(viewer: Viewer) -> QuerySet[Project]:
    """The projects that somebody who listens may see: ``visible_projects`` for the holder of keys."""
    if ALL_PROJECTS in viewer.keys:
        return Project.objects.all()
    prefix = project_key(0)[:-1]
    return Project.objects.filter(pk__in=[int(key[len(prefix) :]) for key in viewer.keys if key.startswith(prefix)])
