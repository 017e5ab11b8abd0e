"""A page carries the cursor of the state that it was rendered from: nothing between rendering and listening is lost."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from ..log import replay


class PageCursorMiddleware:
    """Reads the log's newest id before the view reads anything: what happens in between is replayed, never missed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "text/html" in request.headers.get("Accept", "") and request.user.is_authenticated:
            request.page_cursor = replay.head()  # type: ignore[attr-defined]  # for the page's context
        return self.get_response(request)
