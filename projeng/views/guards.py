"""Access control of views: a redirect to sign-in, then 403 for a wrong role and 404 for an invisible project."""

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
    """Require a signed-in user, and forbid caching of the response."""

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
            require(allowed(request.user))
            return view(request, *args, **kwargs)

        return signed_in(guarded)

    return decorate


def for_roles(*roles: Role) -> Callable[[View], View]:
    """Require one of these roles."""
    return _only(lambda user: role_of(user) in roles)


def for_managers(view: View) -> View:
    """Require a user who may create, edit, delete and assign projects."""
    return _only(may_manage)(view)


def visible_project(request: HttpRequest, project_id: int) -> Project:
    """Return the project, or raise Http404 if it does not exist or the user may not see it."""
    return _get_or_404(visible_projects(request.user).filter(pk=project_id))


def locked_project(request: HttpRequest, project_id: int) -> Project:
    """Like ``visible_project``, and lock the project until the transaction ends.

    Every change of a project or its parts locks the project before the parts. Callers check permissions after this
    call, since they may have changed while it waited for the lock.
    """
    return _get_or_404(visible_projects(request.user).filter(pk=project_id).select_for_update(of=("self",)))


def _get_or_404(projects: QuerySet[Project]) -> Project:
    project = projects.first()
    if project is None:
        raise Http404("No such project.")
    return project


def require(allowed: bool) -> None:
    """Raise PermissionDenied unless ``allowed``."""
    if not allowed:
        raise PermissionDenied
