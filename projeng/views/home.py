"""Where somebody starts, and who they are to the office."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from ..access import role_of, visible_projects
from ..context import home_of
from .guards import signed_in


@require_safe
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """On to the home page of the person's role."""
    return redirect(home_of(role_of(request.user)))


@require_safe
@signed_in
def profile(request: HttpRequest) -> HttpResponse:
    """The person's account; all that somebody without a role can open."""
    return render(request, "accounts/profile.html", {"project_count": visible_projects(request.user).count()})
