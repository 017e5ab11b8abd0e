"""Errors of the old side, as DRF 3.14 words them."""

from typing import Any

from django.core.exceptions import BadRequest, ObjectDoesNotExist, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from ..access import Forbidden
from ..callers import Refused
from ..json_values import encodable


class _TooLarge(exceptions.APIException):
    status_code = 413
    default_detail = "The request is larger than this site accepts."
    default_code = "too_large"


def respond(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's handler. ``None``: the error is a fault of ours."""
    if isinstance(error, Refused):
        return Response(error.body(), status=401, headers={"WWW-Authenticate": "Bearer"})
    if isinstance(error, Forbidden):
        error = exceptions.PermissionDenied(str(error))
    elif isinstance(error, Http404 | ObjectDoesNotExist):
        error = exceptions.NotFound()  # newer releases of DRF say which model has no such row
    elif isinstance(error, RequestDataTooBig):
        error = _TooLarge()
    elif isinstance(error, SuspiciousOperation | BadRequest | UnreadablePostError):
        error = exceptions.ParseError()
    response = exception_handler(error, context)
    if response is not None:
        response.data = encodable(response.data)
    return response
