"""Paths that are not this service's, where it is served alone: the existing service asked for a token first."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from .callers import Refused, caller_with_token

FREE = ("/health", "/metrics", "/comm")  # the beginnings of paths that ask for no token


def elsewhere(request: HttpRequest) -> HttpResponse:
    """Refuse a caller without a token (401), also in the compatibility form. Raise Http404 for all others."""
    if not request.path_info.startswith(FREE):
        try:
            caller_with_token(request)
        except Refused as refused:
            return JsonResponse(refused.body(), status=401, headers={"WWW-Authenticate": "Bearer"})
    raise Http404
