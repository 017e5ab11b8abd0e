"""Answers a request by the way that its caller is given, counts the answer, and has the other way compared."""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .aside import aside
from .callers import Caller
from .choosing import Way
from .deciding import decide
from .evidence import counting
from .evidence.counting import counter, storable
from .evidence.models import Kind
from .moves import Move
from .shadow import store
from .shadow.answers import View, answer_of, rendered
from .shadow.asking import SAFE, Comparison
from .shadow.copying import copied

aside.every(counting.FLUSH_SECONDS, counter.flush)
aside.every(counting.PRUNE_SECONDS, counting.prune)
aside.every(counting.PRUNE_SECONDS, store.prune)


def serve(move: Move, request: HttpRequest, caller: Caller, views: Mapping[str, View]) -> tuple[HttpResponseBase, Way]:
    """Answer by the view of the way that the caller is given. Return the answer, and the way that gave it.

    ``views``: a view for each of the two ways, by its name; they take the request alone and are not coroutines. What a
    view raises is raised. In shadow the new way's view is asked afterwards, in another thread, with a copy of the
    request; its slowness and its failures touch nobody.
    """
    way = decide(move, caller)
    endpoint = storable(move.endpoint(request))
    aside.start()
    other, remembered = _prepared(move, request, endpoint) if way.shadow else (None, None)
    begun = time.perf_counter()
    kind = Kind.FAILED
    try:
        response = rendered(views[way.name](request))
        if response.status_code < 500:
            kind = Kind.SERVED
    finally:
        counter.add(move.name, way.name, endpoint, kind, (time.perf_counter() - begun) * 1000)
    if other is not None:
        comparison = Comparison(
            move.name,
            move.new,
            endpoint,
            other,
            (views[move.old], views[move.new]),
            answer_of(response),
            move.rules,
            None if remembered is None else partial(move.put_back, remembered),
        )
        if not aside.offer(comparison.run):
            counter.add(move.name, move.new, endpoint, Kind.SKIPPED, 0)
    return response, way


def _prepared(move: Move, request: HttpRequest, endpoint: str) -> tuple[HttpRequest | None, Any]:
    """The copy that is asked of the new way, and what the request is about to change."""
    other = copied(request)
    if other is None:
        counter.add(move.name, move.new, endpoint, Kind.SKIPPED, 0)
        return None, None
    return other, None if request.method in SAFE else move.remember(request)
