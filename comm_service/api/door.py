"""What stands before every operation: format, caller, method. And what every answer carries: Allow."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase

from ..access import Forbidden
from ..callers import Caller, Refused, caller_of
from ..contract import ALLOW
from .negotiation import indent_of
from .refusals import Refusal, detail, malformed, method_not_allowed
from .writing import plain, response

View = Callable[..., HttpResponseBase]
UNREADABLE = (SuspiciousOperation, BadRequest, UnreadablePostError)


@dataclass(frozen=True)
class Asked:
    """How a request wants its answer, and who asks."""

    indent: int | None
    caller: Caller


class AskedRequest(HttpRequest):
    """A request that has passed the door."""

    asked: Asked
    suffix: str | None  # the format that the path ends with


def door(kind: str, operations: View, options: View) -> View:
    """Return the view of an address. ``operations`` answers the methods that ``ALLOW`` offers, ``options`` OPTIONS."""
    allow = ALLOW[kind]
    offered = frozenset(allow.split(", "))

    def view(request: AskedRequest, format: str | None = None, **in_path: str) -> HttpResponseBase:
        answer = _answer(request, format, in_path)
        answer["Allow"] = allow
        return answer

    def _answer(request: AskedRequest, format: str | None, in_path: dict[str, str]) -> HttpResponseBase:
        indent = None  # of a refusal before it is known
        method = request.method or ""
        try:
            indent = indent_of(request, format)
            request.asked = Asked(indent, caller_of(request))
            request.suffix = format
            if method not in offered:
                raise method_not_allowed(method)
            return options(request, **in_path) if method == "OPTIONS" else _operated(request, in_path)
        except Refused as refused:
            answer = response(plain(refused.body(), indent), HTTPStatus.UNAUTHORIZED)
            answer["WWW-Authenticate"] = "Bearer"
            return answer
        except UNREADABLE:
            return refused_answer(malformed(), indent)
        except Refusal as refusal:
            return refused_answer(refusal, indent)

    def _operated(request: AskedRequest, in_path: dict[str, str]) -> HttpResponseBase:
        if request.method != "HEAD":
            return operations(request, **in_path)
        request.method = "GET"  # Ninja knows no HEAD; the front leaves the body out
        try:
            return operations(request, **in_path)
        finally:
            request.method = "HEAD"

    view.csrf_exempt = True  # type: ignore[attr-defined]
    return view


def refused_answer(refusal: Refusal, indent: int | None) -> HttpResponse:
    """The answer that a refusal is."""
    answer = response(plain(refusal.body, indent), refusal.status)
    for name, value in refusal.headers.items():
        answer[name] = value
    return answer


def fault_in_operation(request: HttpRequest, error: Any) -> NoReturn:
    """Leave a fault to the site, which logs it and answers it; Ninja would show it where ``DEBUG`` is on."""
    raise error


def refused_in_operation(request: HttpRequest, error: Any) -> HttpResponse:
    """The answer to a refusal inside an operation, where Ninja catches it."""
    if isinstance(error, Forbidden):
        refusal = detail(HTTPStatus.FORBIDDEN, str(error))
    else:
        refusal = error if isinstance(error, Refusal) else malformed()
    return refused_answer(refusal, request.asked.indent)  # type: ignore[attr-defined]
