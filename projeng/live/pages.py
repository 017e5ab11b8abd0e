"""The pages that stay live by what the server sends, their regions, and which events change these.

A page has a name, which its browser asks for with its connection, and a template whose regions (the tag ``region`` of
projeng/templatetags/regions.py) can be rendered alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from realtime.access.authority import Viewer
from realtime.log.replay import Frame

from ..access import Role, project_key, viewer_projects, viewer_role, viewer_sees_project
from ..budget import LEVELS
from ..events import (
    AssignmentChanged,
    CostUpdated,
    DocumentUpdated,
    MilestoneUpdated,
    ProgressUpdated,
    ProjectCreated,
    ProjectDeleted,
    ProjectsChanged,
    ProjectStatusChanged,
    ProjectUpdated,
)
from ..filters import with_spent_total
from . import contexts

NONE: frozenset[str] = frozenset()
# What does not change a region. Every other event does, also one that does not exist yet.
_ROWS = frozenset({MilestoneUpdated.type, DocumentUpdated.type})
_PARTS = _ROWS | {ProgressUpdated.type, CostUpdated.type}
_NO_MONEY = _ROWS | {ProgressUpdated.type, ProjectStatusChanged.type, AssignmentChanged.type}
OVERVIEW: Mapping[str, frozenset[str]] = {
    "counters": _PARTS | {ProjectUpdated.type},
    "project-list": _ROWS,
    "recent-activity": NONE,
}
_UNALARMED = min(float(least) for least, _ in LEVELS) - 0.1  # percent; events round to a tenth


def _alarms_nobody(frame: Frame) -> bool:
    """Return whether a cost was added to a project that is at no level of the budget check, and was at none before."""
    if frame.type != CostUpdated.type or frame.fields.get("action") != "added":
        return False
    percent, added = frame.fields["spent_percent"], frame.fields["cost_data"]["amount"]
    return percent is None or (percent < _UNALARMED and not added.startswith("-"))


@dataclass(frozen=True, eq=False)
class LivePage:
    """A page whose regions the server sends after each change.

    ``roles`` may open it. ``context`` returns what its template needs for a viewer, or ``None`` where the viewer may
    not open it. ``unchanged_by`` names its regions, each with the types of events that leave it as it is.
    ``left_by``: the same of events that do so by what they say. ``project_id``: of the page of one project.
    """

    name: str
    template: str
    roles: frozenset[Role]
    context: Callable[[Viewer], dict[str, Any] | None]
    unchanged_by: Mapping[str, frozenset[str]] = field(default_factory=dict)
    left_by: Mapping[str, Callable[[Frame], bool]] = field(default_factory=dict)
    project_id: int | None = None

    def changed(self, frame: Frame) -> frozenset[str] | None:
        """Return which regions an event about projects changes; ``None`` where the page is to be loaded instead."""
        if self.project_id is None:
            return frozenset(name for name in self.unchanged_by if not self._leaves(name, frame))
        concerned = frame.type == ProjectsChanged.type or frame.fields.get("project_id") == self.project_id
        return frozenset(self.unchanged_by) if concerned and frame.type != ProjectDeleted.type else None

    def _leaves(self, region: str, frame: Frame) -> bool:
        left_by = self.left_by.get(region)
        return frame.type in self.unchanged_by[region] or (left_by is not None and left_by(frame))

    def allows(self, viewer: Viewer) -> bool:
        """Return whether a viewer may open the page."""
        return viewer_role(viewer) in self.roles and (
            self.project_id is None or viewer_sees_project(viewer, self.project_id)
        )


HEAD = LivePage(
    "dashboard",
    "dashboards/head.html",
    frozenset({Role.HEAD}),
    lambda viewer: contexts.head(viewer_projects(viewer)),
    {**OVERVIEW, "finance": _NO_MONEY},
    # The region names the projects at a level. To find them takes the sums of the costs of all projects.
    {"finance": _alarms_nobody},
)
ENGINEER = LivePage(
    "work",
    "dashboards/engineer.html",
    frozenset({Role.ENGINEER, Role.HEAD}),
    lambda viewer: contexts.engineer(viewer_projects(viewer)),
    {**OVERVIEW, "milestones": frozenset({ProgressUpdated.type, CostUpdated.type, DocumentUpdated.type})},
)
FINANCE = LivePage(
    "finance",
    "dashboards/finance.html",
    frozenset({Role.FINANCE, Role.HEAD}),
    lambda viewer: contexts.finance(viewer_projects(viewer)),
    {**OVERVIEW, "finance": _NO_MONEY, "budget": _NO_MONEY, "costs": _NO_MONEY | {ProjectCreated.type}},
)
PROJECT_LIST = LivePage(
    "projects",
    "projects/list.html",
    frozenset(Role),
    lambda viewer: contexts.project_list(with_spent_total(viewer_projects(viewer)).order_by("-updated_at", "-pk")),
    {"project-list": _ROWS},
)
PROJECT_REGIONS = (
    "header", "actions", "facts", "budget", "costs", "progress-reports", "milestones", "documents", "engineers",
    "corrections", "timeline",
)  # fmt: skip
_PAGES = {page.name: page for page in (HEAD, ENGINEER, FINANCE, PROJECT_LIST)}
_PROJECT = "project-"


@lru_cache(maxsize=1_000)
def project_page(project_id: int) -> LivePage:
    """Return the page of one project."""

    def context(viewer: Viewer) -> dict[str, Any] | None:
        shown = viewer_projects(viewer).filter(pk=project_id).first()
        return contexts.project(shown, rights(project_page(project_id), viewer)) if shown else None

    return LivePage(
        f"{_PROJECT}{project_id}",
        "projects/detail.html",
        frozenset(Role),
        context,
        dict.fromkeys(PROJECT_REGIONS, NONE),
        project_id=project_id,
    )


def find(name: str) -> LivePage | None:
    """Return the page of this name; ``None`` if there is none, as with a page of another release."""
    number = name.removeprefix(_PROJECT)
    if name != number and number.isascii() and number.isdigit() and len(number) < 16:
        return project_page(int(number))
    return _PAGES.get(name)


def rights(page: LivePage, viewer: Viewer) -> dict[str, Any]:
    """Return what the page's template needs to know of the viewer."""
    assigned = page.project_id is not None and project_key(page.project_id) in viewer.keys
    return contexts.rights(viewer_role(viewer), viewer.user_id, assigned=assigned)
