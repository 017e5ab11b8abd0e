"""The root of the API: the addresses of the four lists."""

from http import HTTPStatus
from urllib.parse import urlencode

from django.http import HttpResponse

from ..contract import PREFIX, RESOURCES
from .door import AskedRequest
from .writing import plain, response

NAME = "Api Root"
DESCRIPTION = "Where the four lists are."


def root(request: AskedRequest) -> HttpResponse:
    """The absolute address of each list, in the format of this request."""
    ending = f".{request.suffix}" if request.suffix else "/"
    if "format" in request.GET:
        ending += f"?{urlencode({'format': request.GET['format']})}"
    lists = {one.path: request.build_absolute_uri(f"{PREFIX}{one.path}{ending}") for one in RESOURCES}
    return response(plain(lists, request.asked.indent), HTTPStatus.OK)


def root_options(request: AskedRequest) -> HttpResponse:
    """What OPTIONS says of the root."""
    said = {"name": NAME, "description": DESCRIPTION, "renders": ["application/json"], "parses": ["application/json"]}
    return response(plain(said, request.asked.indent), HTTPStatus.OK)
