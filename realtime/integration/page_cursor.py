"""Gives each page the cursor of the state that it was rendered from, so that nothing is lost before it connects."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from ..log import position
from ..log.place_range import PLACES_END


class PageCursorMiddleware:
    """Reads the head of the log before the view reads anything. Later events are replayed when the page connects.

    ``request.page_cursor`` is the cursor. ``request.shown_early`` holds the type and fields of the events about the
    person that the page shows already although their places come after the cursor. Most often there are none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "text/html" in request.headers.get("Accept", "") and request.user.is_authenticated:
            at = position.read_numbered()
            early = position.without_place(request.user.pk, at.newest) if at.pending else []
            # Of a log that is out of range there is no cursor that a browser can read. This one gets a reset.
            cursor = min(at.newest, PLACES_END)
            request.page_cursor, request.shown_early = cursor, early  # type: ignore[attr-defined]  # for the context
        return self.get_response(request)
