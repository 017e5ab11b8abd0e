"""Pages of a list, in the form that the chat's old clients read."""

from typing import Any

from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response

PAGE_SIZE = 20
PAGE_SIZE_MAX = 100


class CountedPages(PageNumberPagination):
    """``?page=`` from 1 and ``?page_size=`` up to ``PAGE_SIZE_MAX``. A page that is not there gets 404."""

    page_size = PAGE_SIZE
    page_size_query_param = "page_size"
    max_page_size = PAGE_SIZE_MAX
    invalid_page_message = "Invalid page."

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page with what a client needs to show where it stands."""
        page = self.page
        return Response(
            {
                "count": page.paginator.count,
                "total_pages": page.paginator.num_pages,
                "current_page": page.number,
                "page_size": page.paginator.per_page,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                "has_next": page.has_next(),
                "has_previous": page.has_previous(),
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the page for the OpenAPI document."""
        kinds: dict[str, dict[str, Any]] = {
            **{name: {"type": "integer"} for name in ("count", "total_pages", "current_page", "page_size")},
            **{name: {"type": "string", "format": "uri", "nullable": True} for name in ("next", "previous")},
            **{name: {"type": "boolean"} for name in ("has_next", "has_previous")},
        }
        properties = {**kinds, "results": schema}
        return {"type": "object", "required": list(properties), "properties": properties}
