"""The start page, and the user's account."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from ..access import role_of, visible_projects
from ..context import home_of
from .guards import signed_in


@require_safe
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """Redirect to the home page of the user's role."""
    return redirect(home_of(role_of(request.user)))


@require_safe
@signed_in
def profile(request: HttpRequest) -> HttpResponse:
    """The user's account. It is the only page that a user without a role can open."""
    return render(request, "accounts/profile.html", {"project_count": visible_projects(request.user).count()})
