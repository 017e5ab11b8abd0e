"""Base of the API's views: who may ask, and refusals in the form of its contract.

Every refusal is ``{"detail": …}`` with a text for people. 422 is for values that are wrong, with ``errors`` by field;
401 for nobody, 403 for a role, 404 also for what belongs to somebody else, 409 for a state, 429 for too often.
"""

from typing import Any

from django.http import HttpRequest, QueryDict
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ListField, Serializer
from rest_framework.views import APIView

from ..errors import MessagingError
from ..turns import TooOften

WRONG_VALUES = "Some values are missing or wrong."


class ConversationsApi(APIView):
    """A view of the API."""

    def get_authenticate_header(self, request: HttpRequest) -> str:
        """The scheme that a 401 names."""
        return "Bearer"

    def handle_exception(self, exc: Exception) -> Response:
        """Answer every refusal in the API's form."""
        if isinstance(exc, MessagingError):
            response = Response(_refusal(exc), status=exc.status)
            if isinstance(exc, TooOften):
                response["Retry-After"] = str(exc.seconds)
            response.exception = True
            return response
        response = super().handle_exception(exc)
        if response.status_code == 400:
            response.status_code = 422
            data = response.data
            if not (isinstance(data, dict) and isinstance(data.get("detail"), str)):
                response.data = {"detail": WRONG_VALUES, "errors": data}
        return response


def _refusal(error: MessagingError) -> dict[str, Any]:
    errors = {"errors": {error.field: [error.text]}} if error.field else {}
    return {"detail": error.text, "code": error.code, **errors}


def values_of(request: Request, serializer: type[Serializer]) -> dict[str, Any]:
    """The values of a request's body. Raises ValidationError for those that are wrong."""
    data = request.data
    if isinstance(data, QueryDict):  # a form, in which what is not there is not false either
        lists = [name for name, field in serializer().fields.items() if isinstance(field, ListField)]
        data = {name: data.getlist(name) if name in lists else data[name] for name in data}
    return _valid(serializer(data=data))


def query_of(request: Request, serializer: type[Serializer]) -> dict[str, Any]:
    """The values of a request's query string. Raises ValidationError for those that are wrong."""
    return _valid(serializer(data=request.query_params.dict()))


def _valid(serializer: Serializer) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values
