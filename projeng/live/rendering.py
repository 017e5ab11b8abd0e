"""Renders the regions of live pages, once for all viewers who see the same."""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.template.loader import render_to_string

from realtime.access.authority import Viewer
from realtime.log import position

from ..access import Role, viewer_role
from ..states import projects_scope
from ..templatetags.regions import WANTED, Wanted
from .pages import LivePage, rights

KEPT = 64  # renderings for others who see the same
FRESH_SECONDS = 1.0  # after which a rendering serves no others
LAYOUT = "fragment.html"  # what the pages extend where single regions are rendered
TITLE = "title"  # the region of LAYOUT
NO_TOKEN = "-"  # for the forms of a region; the page fills in its own  # noqa: S105


class Rendering(NamedTuple):
    """The regions of a page as of a position in the log, or as of a later one. ``title``: of the document."""

    as_of: int
    title: str
    html: dict[str, str]
    begun: float

    def only(self, regions: frozenset[str]) -> "Rendering":
        """Return the same with these regions alone."""
        return self._replace(html={name: text for name, text in self.html.items() if name in regions})


_lock = threading.Lock()
_kept: OrderedDict[Hashable, Rendering] = OrderedDict()
_seconds: OrderedDict[str, float] = OrderedDict()  # of the processor, for the last rendering of a page, by its name


def scope(page: LivePage, viewer: Viewer) -> Hashable:
    """Return what tells apart viewers who see the page differently: their projects, and what they may do."""
    role = viewer_role(viewer)
    # On a project's page people see what they themselves may correct.
    alone = page.project_id is not None and role is not Role.HEAD
    return (role, projects_scope(viewer), viewer.user_id if alone else None)


def render(page: LivePage, viewer: Viewer, regions: frozenset[str]) -> Rendering | None:
    """Render these regions of a page for a viewer; ``None`` if the viewer may not open the page.

    What was rendered a moment ago at the same position of the log serves everybody of the same scope: what has changed
    since is an event that is still to come.
    """
    if not page.allows(viewer):
        return None
    as_of = position.read().newest
    key = (page.name, scope(page, viewer))
    with _lock:
        known = _kept.get(key)
    begun = time.monotonic()
    if known is None or known.as_of != as_of or begun - known.begun > FRESH_SECONDS:
        known = Rendering(as_of, "", {}, begun)
    missing = regions - known.html.keys()
    if known.title and not missing:
        return known.only(regions)
    spent = time.thread_time()
    html = _render(page, viewer, missing | {TITLE})
    if html is None:
        return None
    found = Rendering(as_of, html.pop(TITLE), known.html | html, known.begun)
    with _lock:
        _keep(_kept, key, found)
        _keep(_seconds, page.name, time.thread_time() - spent)
    return found.only(regions)


def seconds(page: LivePage) -> float:
    """Return the processor time of a page's last rendering, for whomever it was; 0 before the first one."""
    return _seconds.get(page.name, 0.0)


def _keep(kept: OrderedDict[Any, Any], key: Hashable, value: Any) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > KEPT:
        kept.popitem(last=False)


def _render(page: LivePage, viewer: Viewer, regions: frozenset[str]) -> dict[str, str] | None:
    context = page.context(viewer)
    if context is None:
        return None
    wanted = Wanted(regions, {})
    request = HttpRequest()
    request.method = "GET"
    known: dict[str, Any] = {"layout": LAYOUT, "csrf_token": NO_TOKEN, WANTED: wanted}
    render_to_string(page.template, context | rights(page, viewer) | known, request)
    return wanted.html
