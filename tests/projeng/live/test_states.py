"""What a change costs: one rendering for all who see the same, and none for what it leaves as it is."""

from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection
from django.template.loader import get_template
from django.test.utils import CaptureQueriesContext

from projeng.access import Role
from projeng.live import rendering, states
from projeng.live.pages import ENGINEER, FINANCE, HEAD, PROJECT_LIST, project_page
from projeng.models import Project, ProjectCost, ProjectDocument, ProjectMilestone, ProjectProgress
from projeng.templatetags.kept import KeptNode
from realtime.delivery import topics
from realtime.delivery.snapshots import SnapshotCache, SnapshotRequest
from realtime.log import replay
from tests.support.people import person

PARTS = ("parts/project_table.html", "parts/recent_activity.html", "parts/budget_row.html")
CHANGES: dict[str, Callable[[Project, Project], object]] = {
    "progress": lambda project, other: ProjectProgress.objects.create(project=project, percentage_complete=45),
    "cost": lambda project, other: ProjectCost.objects.create(project=project, cost_type="labor", amount=960_000),
    "small cost": lambda project, other: ProjectCost.objects.create(project=project, cost_type="labor", amount=790_000),
    "cost at the first level": lambda project, other: ProjectCost.objects.create(
        project=project, cost_type="labor", amount=799_999
    ),
    "cost of what has no budget": lambda project, other: _without_budget(project),
    "negative cost": lambda project, other: ProjectCost.objects.create(project=other, cost_type="labor", amount=-80),
    "cost deleted": lambda project, other: other.costs.first().delete(),
    "milestone": lambda project, other: ProjectMilestone.objects.create(
        project=project, name="The roof", target_date="2029-01-01"
    ),
    "document": lambda project, other: ProjectDocument.objects.create(project=project, name="Plan", file="plan.pdf"),
    "status": lambda project, other: _save(project, status="delayed"),
    "name": lambda project, other: _save(project, name="Renamed"),
    "budget": lambda project, other: _save(project, project_cost=12),
    "description": lambda project, other: _save(project, description="Longer"),
    "created": lambda project, other: Project.objects.create(name="New", barangay="Apokon", project_cost=7),
    "deleted": lambda project, other: other.delete(),
    "assigned": lambda project, other: other.assigned_engineers.add(*project.assigned_engineers.all()),
    "in bulk": lambda project, other: Project.objects.filter(pk=other.pk).update(name="Renamed in bulk"),
}


def _save(project: Project, **fields: object) -> None:
    for name, value in fields.items():
        setattr(project, name, value)
    project.save()


def _without_budget(project: Project) -> None:
    _save(project, project_cost=None)
    ProjectCost.objects.create(project=project, cost_type="labor", amount=5)


@pytest.fixture
def other(project):
    other = Project.objects.create(name="Another", barangay="Apokon", project_cost=100)
    ProjectCost.objects.create(project=other, cost_type="labor", amount=90)
    ProjectMilestone.objects.create(project=other, name="The wall", target_date="2028-01-01")
    return other


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_an_event_is_said_to_leave_as_it_is_stays_as_it_is(viewer, project, other, head, engineer, change):
    watched = [(page, user) for page in (HEAD, ENGINEER, FINANCE, PROJECT_LIST, project_page(project.pk))
               for user in (head, engineer) if page.allows(viewer(user))]  # fmt: skip

    def shown() -> dict:
        rendering._kept.clear()
        return {
            (page, user): rendering.render(page, viewer(user), frozenset(page.unchanged_by)).html
            for page, user in watched
        }

    before, cursor = shown(), replay.head()
    change(project, other)
    after = shown()
    events = [frame for frame in replay.tail(cursor, 100) if frame.topic == "projects"]
    assert events
    for page, user in watched:
        changed = frozenset().union(*(page.changed(event) or frozenset() for event in events))
        differs = {name for name, html in after[page, user].items() if html != before[page, user].get(name)}
        assert differs <= changed, (page.name, user)


@pytest.mark.parametrize("change", ["progress", "small cost"])
def test_a_change_takes_two_queries_of_the_office_and_renders_its_own_row_and_line(
    viewer, project, other, head, change
):
    """The dashboard of Head Engineers: the latest projects, and the latest lines of their timelines."""
    many = [Project(prn=f"ROAD-{n}", name=f"Road {n}", barangay="Apokon", project_cost=90) for n in range(20)]
    for row in Project.objects.bulk_create(many):
        ProjectProgress.objects.create(project=row, percentage_complete=1)
    _save(project, description="It is among the latest")
    seen, rows = viewer(head), _kept_rows()
    rendering.render(HEAD, seen, frozenset(HEAD.unchanged_by))
    before, cursor = rows(), replay.head()
    CHANGES[change](project, other)
    events = [frame for frame in replay.tail(cursor, 100) if frame.topic == "projects"]
    changed = frozenset().union(*(HEAD.changed(event) for event in events))
    with CaptureQueriesContext(connection) as queries:
        rendering.render(HEAD, seen, changed)
    asked = [query["sql"] for query in queries if "realtime_" not in query["sql"]]
    assert len(asked) == 2
    assert rows() - before == {"parts/project_table.html": 1, "parts/recent_activity.html": 1}


def _kept_rows() -> Callable[[], Counter]:
    """How many rows of the parts of dashboards have been rendered and are kept, by their template."""
    for name in PARTS:
        for node in get_template(name).template.nodelist.get_nodes_by_type(KeptNode):
            node._kept.clear()

    def count() -> Counter:
        return Counter(
            {
                name: sum(len(node._kept) for node in get_template(name).template.nodelist.get_nodes_by_type(KeptNode))
                for name in PARTS
            }
        )

    return count


def test_a_change_is_rendered_once_for_all_who_see_the_same(viewer, project, monkeypatch):
    rendered = []
    render = rendering._render
    monkeypatch.setattr(rendering, "_render", lambda *what: rendered.append(what) or render(*what))
    people = [person(Role.HEAD) for _ in range(10)] + [person(Role.FINANCE) for _ in range(10)]
    engineers = [person(Role.ENGINEER) for _ in range(2)]
    viewers = [viewer(user) for user in people + engineers]
    state = states.state_of(PROJECT_LIST)
    cache = SnapshotCache(lambda: 7)
    changed = frozenset({frozenset({"project-list"})})
    wanted = [cache.request(SnapshotRequest(state, one, changed, 7)) for one in viewers]
    readings = {id(snapshot): snapshot for snapshot in wanted}
    frames = [text for snapshot in readings.values() for text in snapshot()]
    assert len(rendered) == len(readings) == len(frames) == 2 + len(engineers)  # heads, finance, each engineer
    # Whoever polls is served by what was rendered for the others.
    for one in viewers:
        assert len(state.read(one, changed)) == 1
    assert len(rendered) == len(readings)


def test_an_event_that_leaves_a_page_as_it_is_is_said_without_rendering(viewer, project, head, monkeypatch):
    render = []
    monkeypatch.setattr(rendering, "_render", lambda *what: render.append(what[2]) or {"title": "x"})
    [frame] = states.state_of(PROJECT_LIST).read(viewer(head), frozenset({frozenset()}))
    assert frame["regions"] == {}
    assert frame["as_of"] == replay.head()
    assert render == [{"title"}]


def test_pages_are_rendered_less_often_the_more_it_costs(monkeypatch):
    state = states.state_of(HEAD)
    assert state.pace() == states.PACE_SECONDS
    monkeypatch.setitem(rendering._seconds, HEAD.name, 0.2)
    assert state.pace() == 2.0


def test_a_page_is_asked_for_with_its_connection():
    plain, both = topics.of_page(None), topics.of_page(None, "dashboard,project-7")
    assert topics.of_page(None, " project-7 ,dashboard,dashboard") is both
    assert [state.name for state in both.states if state not in plain.states] == ["page-dashboard", "page-project-7"]
    # What only another release knows is left out: the page is then fetched.
    assert topics.of_page(None, "weather") is plain
    assert "projects" in topics.of_page("notifications", "dashboard").topics


@pytest.mark.parametrize("pages", [",".join(f"project-{number}" for number in range(9)), "x" * 31])
def test_too_many_pages_are_refused(pages):
    with pytest.raises(ValueError, match="pages are at most"):
        topics.of_page(None, pages)
