"""Who is at work: the person behind the request, or the command, in whose course something changes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponseBase

NOBODY = "the system"
_actor: ContextVar[Any] = ContextVar("actor", default=None)


def person_name(user: Any) -> str:
    """How the office calls somebody: their full name, or else their user name."""
    return user.get_full_name() or user.get_username()


def actor_name(fallback: Any = None) -> str:
    """The name of who is at work; else that of the ``fallback`` user; else "the system"."""
    actor = _actor.get()
    if isinstance(actor, str):
        return actor
    if isinstance(actor, HttpRequest):
        actor = actor.user
    for user in (actor, fallback):
        if user is not None and user.is_authenticated:
            return person_name(user)
    return NOBODY


@contextmanager
def acting(actor: Any) -> Iterator[None]:
    """Within this block, ``actor`` (a user, a request with its user, or the name of a command) is at work."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


class ActorMiddleware:
    """Makes the signed-in user the actor of whatever the request changes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Not request.user: it is lazy, and asgiref compares what context variables hold, in the event loop, where
        # the comparison would ask the database.
        with acting(request):
            return self.get_response(request)
