"""The state frames that carry the regions of live pages."""

from collections.abc import Hashable, Iterable
from functools import lru_cache
from typing import Any

from realtime.access.authority import Viewer
from realtime.delivery.snapshots import State, Subjects
from realtime.log.replay import Frame

from ..events import PROJECTS
from .pages import LivePage, find
from .rendering import render, scope, seconds

MOST_PAGES = 8  # of one connection
LONGEST_NAME = 30
PACE_SECONDS = 0.25  # between two frames of one page, at least
PACE_FACTOR = 10  # the same, in times of what rendering takes: so it is never more than a tenth of the time


def of_pages(text: str | None) -> tuple[State, ...]:
    """Return the states of the pages whose names are in ``text``, separated by commas.

    Pages that this release does not know are left out: their browsers load them again instead. Raise ValueError, with a
    message for the client, for too many.
    """
    names = sorted({name.strip() for name in (text or "").split(",") if name.strip()})
    if len(names) > MOST_PAGES or any(len(name) > LONGEST_NAME for name in names):
        raise ValueError(f"pages are at most {MOST_PAGES} names.")
    pages = (find(name) for name in names)
    return tuple(state_of(page) for page in pages if page is not None)


@lru_cache(maxsize=1_000)  # equal states are one object, so that equal subscriptions are
def state_of(page: LivePage) -> State:
    """Return the state of a page's regions. A page shows what it was rendered with, so it is not sent on connect."""

    def subject(frame: Frame) -> Hashable | None:
        return page.changed(frame) if frame.topic == PROJECTS else None

    def read(viewer: Viewer, subjects: Subjects) -> list[dict[str, Any]]:
        regions = frozenset(page.unchanged_by) if subjects is None else _union(subjects)
        found = render(page, viewer, regions)
        if found is None:
            return []
        fields = {"page": page.name, "as_of": found.as_of, "title": found.title, "regions": found.html}
        return [{"type": "regions", **fields}]

    def pace() -> float:
        return max(PACE_SECONDS, PACE_FACTOR * seconds(page))

    return State(f"page-{page.name}", subject, read, lambda viewer: scope(page, viewer), opens=False, pace=pace)


def _union(subjects: Iterable[Any]) -> frozenset[str]:
    return frozenset().union(*subjects)
