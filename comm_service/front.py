"""The one view of ``/comm/api/``: it has the side answer that the move gives the caller, and the other one compared.

The addresses are the contract's, so what is no address of theirs, and the redirect to the address with a slash, is
answered here for both.
"""

import functools
from typing import Any

from django.conf import settings
from django.core.handlers.exception import response_for_exception
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponsePermanentRedirect
from django.urls import Resolver404, ResolverMatch, URLResolver
from django.urls.resolvers import RegexPattern
from django.utils.http import escape_leading_slashes
from django.views.decorators.csrf import csrf_exempt

from switchover import serving
from switchover.deciding import decide
from switchover.moves import get

from .contract import PREFIX
from .move import LEGACY, NINJA, CommApi, is_added, mover_of
from .streaming import without_body

_URLS = {LEGACY: "comm_service.legacy.urls", NINJA: "comm_service.api.urls"}
SIDE_HEADER = "X-Served-By"


@functools.cache
def _resolver(side: str) -> URLResolver:
    return URLResolver(RegexPattern(f"^{PREFIX}"), _URLS[side])


@csrf_exempt  # callers show tokens, no cookies
def serve(request: HttpRequest, **in_path: Any) -> HttpResponseBase:
    """Answer with the side that the caller is given."""
    move, caller = get(CommApi.name), mover_of(request)
    if is_added(request):
        way = decide(move, caller)
        response = answer(request, way.name)
    else:
        views = {side: functools.partial(answer, side=side) for side in _URLS}
        response, way = serving.serve(move, request, caller, views)
    if settings.COMM_SHOW_SIDE:
        response[SIDE_HEADER] = way.name
    return response


def answer(request: HttpRequest, side: str) -> HttpResponseBase:
    """The answer of one side; the site's page for what is no address of the contract."""
    match = _match(side, request.path_info)
    if match is not None:
        request.resolver_match = match
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        return without_body(response) if request.method == "HEAD" else response
    if not request.path_info.endswith("/") and _match(side, f"{request.path_info}/"):
        return HttpResponsePermanentRedirect(escape_leading_slashes(request.get_full_path(force_append_slash=True)))
    return response_for_exception(request, Http404("This is no address of the communication API."))


def _match(side: str, path: str) -> ResolverMatch | None:
    try:
        return _resolver(side).resolve(path)
    except Resolver404:
        return None
