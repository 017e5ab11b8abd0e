"""The addresses of the new side, below ``/comm/api/``: those of the old side, with its suffix for the format.

Ninja's own patterns would let a dot into an id, and know no suffix. So each operation of Ninja stands behind a door at
the address of the contract. The addresses of other modules are added in ``_added``.
"""

from collections.abc import Iterable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, re_path

from ..contract import DOCUMENTS, EMAIL_QUEUE, ENDPOINTS
from .described_options import options_of
from .door import View, door
from .root import root, root_options
from .routes import PENDING
from .site import api
from .upload import addresses as of_uploads

_PENDING_PATH = f"{EMAIL_QUEUE.path}/{PENDING}/"


def _operations() -> dict[str, View]:
    """Ninja's view of each path, as ``contract.py`` writes paths."""
    found: dict[str, View] = {}
    for pattern in api.urls[0]:
        path = str(pattern.pattern).replace("<", "{").replace(">", "}")
        if pattern.callback:
            found.setdefault(path, pattern.callback)
    return found


def _addresses(path: str, view: View) -> list[URLPattern]:
    """The address with a slash at its end, and with a suffix for the format."""
    plain = path.rstrip("/").replace("{", "(?P<").replace("}", ">[^/.]+)")
    slash = "/" if plain else ""
    return [re_path(rf"^{plain}{slash}$", view), re_path(rf"^{plain}\.(?P<format>[a-z0-9]+)/?$", view)]


def _pending(view: View, detail: View) -> View:
    """``pending/`` is new. Whatever is not a GET of it gets the answer that it always got."""

    def chosen(request: HttpRequest, **in_path: str) -> HttpResponseBase:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return view(request, **in_path)
        return detail(request, id=PENDING, **in_path)

    chosen.csrf_exempt = True  # type: ignore[attr-defined]
    return chosen


def _patterns(kinds: Iterable[str]) -> list[URLPattern]:
    operations = _operations()
    patterns = _addresses("", door("root", root, root_options))
    for wanted in kinds:
        for path, endpoint in {one.path: one for one in ENDPOINTS if one.kind == wanted}.items():
            view = door(endpoint.kind, operations[path], options_of(endpoint))
            if path == f"{EMAIL_QUEUE.path}/{{id}}/":
                described = next(one for one in ENDPOINTS if one.resource is EMAIL_QUEUE and one.kind == "list_by")
                pending = door("list_by", operations[_PENDING_PATH], options_of(described, PENDING))
                patterns += _addresses(_PENDING_PATH, _pending(pending, view))
            patterns += _addresses(path, view)
    return patterns


def _added() -> list[URLPattern]:
    """The addresses that the contract does not have. They come first."""
    operations = _operations()
    detail = next(one for one in ENDPOINTS if one.resource is DOCUMENTS and one.kind == "detail")
    return of_uploads(door(detail.kind, operations[detail.path], options_of(detail)), operations)


# A list by a column comes before the row of that "id", as the old side has it.
urlpatterns: list[URLPattern] = [*_added(), *_patterns(["list", "list_by", "detail", "action"])]
