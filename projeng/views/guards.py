"""Who may open a page: everybody is asked to sign in first, then 403 for a wrong role, 404 for what one may not see."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control

from ..access import Role, may_manage, role_of, visible_projects
from ..models import Project

View = Callable[..., HttpResponseBase]


def signed_in(view: View) -> View:
    """For everybody with an account; no cache keeps what they see."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        return response

    return guarded


def _only(allowed: Callable[[Any], bool]) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            allow(allowed(request.user))
            return view(request, *args, **kwargs)

        return signed_in(guarded)

    return decorate


def for_roles(*roles: Role) -> Callable[[View], View]:
    """Only for people of these roles."""
    return _only(lambda user: role_of(user) in roles)


def for_managers(view: View) -> View:
    """Only for those who may create, edit, delete and assign projects."""
    return _only(may_manage)(view)


def visible_project(request: HttpRequest, project_id: int) -> Project:
    """The project, if there is one that the person may see; else a 404, which does not tell which of the two it is."""
    return _found(visible_projects(request.user).filter(pk=project_id))


def locked_project(request: HttpRequest, project_id: int) -> Project:
    """As ``visible_project``; nobody else changes or deletes it until the transaction ends.

    For everything that is changed in or under a project: the project is locked before what belongs to it. What the
    person may do has to be looked at again afterwards, since there may have been somebody to wait for.
    """
    return _found(visible_projects(request.user).filter(pk=project_id).select_for_update(of=("self",)))


def _found(projects: QuerySet[Project]) -> Project:
    project = projects.first()
    if project is None:
        raise Http404("No such project.")
    return project


def allow(allowed: bool) -> None:
    """Raises PermissionDenied unless ``allowed``."""
    if not allowed:
        raise PermissionDenied
