"""A request that can be asked again, after it was answered, and that shares nothing with its caller's."""

import copy
from functools import partial
from io import BytesIO
from typing import Any

from django.contrib.auth import middleware
from django.contrib.messages.storage import default_storage
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import RawPostDataException, UnreadablePostError
from django.utils.functional import LazyObject, SimpleLazyObject, empty

from .session import OwnSession

MOST_BODY = 1_000_000  # bytes; requests with more are not compared


def copied(request: HttpRequest) -> HttpRequest | None:
    """A copy with a body, session, messages and user of its own, made before anybody has read the request.

    ``None`` for a request with a long body, with one of unknown length or of several parts (an upload), and for one
    that was read already or is cut off.
    """
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return None
    chunked = "HTTP_TRANSFER_ENCODING" in request.META
    if chunked or not 0 <= length <= MOST_BODY or request.content_type == "multipart/form-data":
        return None
    try:
        body = request.body
    except (RawPostDataException, RequestDataTooBig, UnreadablePostError):
        return None
    other = copy.copy(request)
    other.META = dict(request.META)
    if "COOKIES" in vars(request):
        other.COOKIES = dict(request.COOKIES)
    other.resolver_match = request.resolver_match
    other._stream = BytesIO(body)
    other._read_started = False  # type: ignore[attr-defined]
    _give_its_own(other)
    return other


def _give_its_own(request: Any) -> None:
    """What middleware has put into a request is made anew for this copy. It reads nothing from the database."""
    has = vars(request)
    if "session" in has:
        request.session = OwnSession(request.session)
    if "user" in has:
        request.user = _user(request, request.user)
        for name in ("_cached_user", "_acached_user"):
            has.pop(name, None)
    if getattr(has.get("auser"), "func", None) is middleware.auser:
        request.auser = partial(middleware.auser, request)
    if "_messages" in has:
        request._messages = default_storage(request)


def _user(request: HttpRequest, user: Any) -> Any:
    """The same user as another object, made when it is asked for."""
    setup = vars(user).get("_setupfunc") if _is_waiting(user) else None
    setup = getattr(setup, "func", setup)
    if setup is not None and (setup is _of_session or setup.__module__ == middleware.__name__):
        return SimpleLazyObject(partial(_of_session, request))
    return SimpleLazyObject(partial(_another, user))


def _of_session(request: Any) -> Any:
    return middleware.get_user(request)


def _another(user: Any) -> Any:
    if _is_waiting(user):
        user._setup()
    return copy.deepcopy(user)


def _is_waiting(user: Any) -> bool:
    """Whether the user has not been asked for yet."""
    return isinstance(user, LazyObject) and vars(user).get("_wrapped") is empty
