"""Errors of the APIs, all as JSON: ``{"detail": …}``, or the fields with what is wrong with each."""

from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

API = "/api/v1/"


class TooLarge(exceptions.APIException):
    """The body is larger than the site accepts."""

    status_code = 413
    default_detail = "The request is larger than this site accepts."
    default_code = "too_large"


def respond(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's handler, for what Django alone would answer with a page of HTML as well. ``None``: the error is ours."""
    if isinstance(error, RequestDataTooBig):
        error = TooLarge()
    elif isinstance(error, SuspiciousOperation | BadRequest | MultiPartParserError):
        error = exceptions.ParseError()
    response = exception_handler(error, context)
    if response is not None:
        response.data = _encodable(response.data)
    return response


def _encodable(data: Any) -> Any:
    """Data of a refusal, which may repeat what was sent, with ``?`` for lone surrogates: UTF-8 has none."""
    if isinstance(data, dict):
        return {_encodable(name): _encodable(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_encodable(value) for value in data]
    return data.encode(errors="replace").decode() if isinstance(data, str) else data


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """Django's ``handler404``: JSON below ``/api/v1/``, else a page."""
    if request.path.startswith(API):
        return JsonResponse({"detail": "Not found."}, status=404)
    return defaults.page_not_found(request, exception or Http404())
