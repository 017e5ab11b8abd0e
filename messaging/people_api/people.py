"""The search for people to write to."""

from functools import reduce
from operator import and_
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .pagination import CountedPages
from .profiles import profile

SEARCH_LENGTH = 200
SEARCH_WORDS = 8
SEARCHED = ("first_name", "last_name")
_TEXT = {"type": "string"}
PERSON = {
    "type": "object",
    "description": "A site may say more of its people than this.",
    "properties": {
        "id": {"oneOf": [{"type": "integer"}, {**_TEXT, "format": "uuid"}]},
        **dict.fromkeys(("username", "first_name", "last_name", "full_name"), _TEXT),
        "avatar": {**_TEXT, "nullable": True},
        "is_active": {"type": "boolean"},
    },
}
PAGE = CountedPages().get_paginated_response_schema({"type": "array", "items": PERSON})


class PeopleSearch(APIView):
    """The people whom one may find, to write to them."""

    @extend_schema(
        parameters=[
            OpenApiParameter("search", str, description="words that must occur in the name or the user name"),
            OpenApiParameter("page", int),
            OpenApiParameter("page_size", int, description="1 to 100"),
        ],
        responses={(200, "application/json"): PAGE, 400: OpenApiTypes.OBJECT},
        tags=["people"],
    )
    def get(self, request: Request) -> Response:
        """Return a page of those whose names or user names have every word of ``?search=``, in order of their names."""
        found = matching(profile().listed(request.user), searched_words(request.query_params.get("search", "")))
        ordered = found.select_related(*profile().related()).order_by(*SEARCHED, "pk")
        pages = CountedPages()
        page = pages.paginate_queryset(ordered, request, view=self) or []
        return pages.get_paginated_response([profile().fields(person) for person in page])


def searched_words(text: str) -> list[str]:
    """Return the words of a search. Raise ValidationError (400) for one that no name could match."""
    if "\0" in text or len(text) > SEARCH_LENGTH:
        raise exceptions.ValidationError({"search": [f"Up to {SEARCH_LENGTH} characters, without NUL."]})
    return text.split()[:SEARCH_WORDS]


def matching(people: QuerySet[Any], words: list[str]) -> QuerySet[Any]:
    """Return those of ``people`` whose names or user name have each of ``words`` in them, in any case."""
    names = (*SEARCHED, get_user_model().USERNAME_FIELD)
    wanted = [reduce(lambda either, name: either | Q(**{f"{name}__icontains": word}), names, Q()) for word in words]
    return people.filter(reduce(and_, wanted)) if wanted else people
