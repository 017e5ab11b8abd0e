"""Who may open the control room, and the first fault of a form."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control

View = Callable[..., HttpResponseBase]


def for_staff(view: View) -> View:
    """Active staff only. Others are asked to sign in, or get 404: to them the page does not exist."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not (request.user.is_active and request.user.is_staff):
            raise Http404
        response = view(request, *args, **kwargs)
        patch_cache_control(response, private=True, no_store=True)
        return response

    return guarded


def first_fault(form: forms.Form) -> str:
    """What is wrong with a form, as one sentence."""
    name, faults = next(iter(form.errors.items()))
    return str(faults[0]) if name == NON_FIELD_ERRORS else f"{name.capitalize()}: {faults[0]}"
