"""What the page's endpoints have in common: who may ask, how, what is read of the request, and how refusals look.

They are for the page alone: the session says who asks, Django's CSRF check that the page did. A refusal is
``{"error": text, "code": …}``.
"""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.http.request import RawPostDataException
from django.views.decorators.cache import never_cache

from realtime.delivery.subscriber import names_another_user

from ..errors import Invalid, MessagingError
from ..turns import TooOften

Answer = Mapping[str, Any]
Handler = Callable[..., Answer]

PAGE_USER = "X-Page-User"  # the header in which a page says whose it is

SIGN_IN = "Sign in first."
ANOTHER_USER = "Somebody else is signed in in this browser now. Load the page again."
TOO_LARGE = "The request is too large."


def endpoint(**handlers: Handler) -> Callable[..., HttpResponseBase]:
    """A view that calls the handler of the request's method (``get=…, post=…``), and answers with what it returns.

    The handler gets the request and the arguments of the address. What it raises of ``MessagingError`` is answered
    with its status. ``None`` as a handler's answer is an empty object.
    """
    allowed = sorted(name.upper() for name in handlers)

    @never_cache
    def view(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        handler = handlers.get((request.method or "").lower())
        if handler is None:
            refused = _refusal(405, f"This address answers {', '.join(allowed)}.", "method_not_allowed")
            refused["Allow"] = ", ".join(allowed)
            return refused
        if not request.user.is_authenticated:
            return _refusal(401, SIGN_IN, "signed_out")
        if names_another_user(request.headers.get(PAGE_USER), request.user.pk):
            return _refusal(409, ANOTHER_USER, "another_user")
        try:
            return JsonResponse(handler(request, **arguments) or {})
        except MessagingError as refusal:
            refused = _refusal(refusal.status, refusal.text, refusal.code)
            if isinstance(refusal, TooOften):
                refused["Retry-After"] = str(refusal.seconds)
            return refused
        except RequestDataTooBig:
            return _refusal(413, TOO_LARGE, "too_large")

    return view


def _refusal(status: int, text: str, code: str) -> JsonResponse:
    return JsonResponse({"error": text, "code": code}, status=status)


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The request's JSON object. Raises Invalid for anything else."""
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError, RawPostDataException):  # the last: a form, which the check of CSRF has read
        raise Invalid("The request is not JSON.", code="not_json") from None
    if not isinstance(body, dict):
        raise Invalid("The request is not a JSON object.", code="not_json")
    return body


def number(request: HttpRequest, name: str, default: int, most: int) -> int:
    """The whole number of this name in the query, from 1 to ``most``. Raises Invalid for anything else."""
    text = request.GET.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) > 0):
        raise Invalid("This is not a number from 1 on.", field=name)
    return min(int(text), most)


def flag(request: HttpRequest, name: str) -> bool:
    """Whether the query says ``true`` for this name. Raises Invalid for anything but ``true`` and ``false``."""
    text = request.GET.get(name, "false")
    if text not in {"true", "false"}:
        raise Invalid("This is true or false.", field=name)
    return text == "true"


def chosen(body: Mapping[str, Any], name: str) -> bool | None:
    """The yes or no of this name in a body; ``None`` where it has none. Raises Invalid for anything else."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise Invalid("This is true or false.", field=name)
    return value


def signed_in(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Lead whoever is not signed in to the sign-in page, and let no cache keep the answer."""
    from django.contrib.auth.decorators import login_required

    @wraps(view)
    @never_cache
    @login_required
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    return guarded
