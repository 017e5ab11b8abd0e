"""Answers a request by the way that its caller is given, counts the answer, and has the other way compared."""

import logging
import time
from collections.abc import Mapping

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import shadowing
from .aside import aside
from .callers import Caller
from .choosing import Way
from .deciding import decide
from .evidence import counting
from .evidence.counting import counter, storable
from .evidence.models import Kind
from .faults import told
from .moves import Move, method_of
from .shadow import store
from .shadow.answers import ANSWERED_BY_DJANGO, View, rendered

logger = logging.getLogger(__name__)

aside.every(counting.FLUSH_SECONDS, counter.flush)
aside.every(counting.PRUNE_SECONDS, counting.prune)
aside.every(counting.PRUNE_SECONDS, store.prune)


def serve(move: Move, request: HttpRequest, caller: Caller, views: Mapping[str, View]) -> tuple[HttpResponseBase, Way]:
    """Answer by the view of the way that the caller is given. Return the answer, and the way that gave it.

    ``views``: a view for each of the two ways, by its name; they take the request alone and are not coroutines. What a
    view raises is raised. In shadow the new way's view is asked when Django closes the request, so after the caller has
    the whole answer, in another thread, with a copy of the request; its slowness and its failures touch nobody.
    """
    way = decide(move, caller)
    endpoint = _endpoint(move, request)
    aside.start()
    shadow = shadowing.Shadow(move, request, caller, views, endpoint) if way.shadow else None
    begun = time.perf_counter()
    kind = Kind.FAILED
    result: HttpResponseBase | Exception | None = None
    try:
        result = response = rendered(views[way.name](request))
        if response.status_code < 500:
            kind = Kind.SERVED
    except ANSWERED_BY_DJANGO as error:  # with a status below 500
        kind, result = Kind.SERVED, error
        raise
    finally:
        counter.add(move.name, way.name, endpoint, kind, (time.perf_counter() - begun) * 1000)
        if shadow is not None:
            shadow.compare_later(result)
    return response, way


def _endpoint(move: Move, request: HttpRequest) -> str:
    try:
        return storable(move.endpoint(request))
    except Exception as error:  # noqa: BLE001 (the caller is answered all the same)
        logger.error("The endpoint of a request of %s cannot be told: %s", move.name, told(error))
        return f"{method_of(request)} {counting.OTHER}"
