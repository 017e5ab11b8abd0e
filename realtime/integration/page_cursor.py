"""Gives each page the cursor of the state that it was rendered from, so that nothing is lost before it connects."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from ..log import replay


class PageCursorMiddleware:
    """Reads the head of the log before the view reads anything. Later events are replayed when the page connects."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "text/html" in request.headers.get("Accept", "") and request.user.is_authenticated:
            request.page_cursor = replay.head()  # type: ignore[attr-defined]  # for the page's context
        return self.get_response(request)
