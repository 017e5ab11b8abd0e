"""The actor of a change: the user of the current request, or the name of the running command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponseBase

SYSTEM = "the system"
_actor: ContextVar[Any] = ContextVar("actor", default=None)


def person_name(user: Any) -> str:
    """Return a user's display name: the full name, or the user name if there is none."""
    return user.get_full_name() or user.get_username()


def acting_user() -> Any:
    """Return the user on whose behalf something changes, or ``None`` if that is nobody who is signed in."""
    actor = _actor.get()
    user = actor.user if isinstance(actor, HttpRequest) else actor
    return None if user is None or isinstance(user, str) or not user.is_authenticated else user


def actor_name(fallback: Any = None) -> str:
    """Return the name of the current actor, else of the ``fallback`` user, else "the system"."""
    actor = _actor.get()
    if isinstance(actor, str):
        return actor
    for user in (acting_user(), fallback):
        if user is not None and user.is_authenticated:
            return person_name(user)
    return SYSTEM


def acting_user_id() -> int | None:
    """Return the id of the user who acts; ``None`` for a program, and where nobody is signed in."""
    actor = _actor.get()
    return getattr(actor.user if isinstance(actor, HttpRequest) else actor, "pk", None)


@contextmanager
def acting(actor: Any) -> Iterator[None]:
    """Within this block, ``actor`` is the current actor: a user, a request, or the name of a command."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


class ActorMiddleware:
    """Make the signed-in user the actor of all changes during the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Not request.user, which is lazy: asgiref compares the values of context variables in the event loop, and the
        # comparison would query the database there.
        with acting(request):
            return self.get_response(request)
