"""A region that is rendered alone is what the page shows, and is shown to nobody who may not open the page."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projeng.live import rendering
from projeng.live.pages import ENGINEER, FINANCE, HEAD, PROJECT_LIST, find, project_page
from projeng.models import Project, ProjectCost, ProjectMilestone

TOKEN = re.compile(r'(name="csrfmiddlewaretoken" value=")[^"]*')
LIST = "/projeng/projects/"
ADDRESSES = {HEAD: "/dashboard/", ENGINEER: "/projeng/", FINANCE: "/dashboard/finance/", PROJECT_LIST: LIST}


@pytest.fixture
def office(project):
    """A project with costs, milestones and a second project beside it."""
    ProjectCost.objects.create(project=project, cost_type="labor", amount=960_000)
    ProjectMilestone.objects.create(project=project, name="The <roof> is on", target_date="2030-01-01")
    Project.objects.create(name="Nobody's", barangay="Apokon", project_cost=5)
    return project


def _address(page) -> str:
    return ADDRESSES.get(page) or f"/projeng/projects/{page.project_id}/"


def _pages(project):
    return [*ADDRESSES, project_page(project.pk)]


def test_it_is_what_the_page_shows_of_every_region_to_everybody_who_may_open_it(
    browser, viewer, office, head, finance, engineer, other_engineer, nobody
):
    for page in _pages(office):
        for user in (head, finance, engineer, other_engineer, nobody):
            answer = browser(user).get(_address(page))
            found = rendering.render(page, viewer(user), frozenset(page.unchanged_by))
            assert (found is not None) == (answer.status_code == 200), (page.name, user)
            if found is None:
                continue
            shown = TOKEN.sub(r"\1", answer.content.decode())
            assert found.html.keys() == set(re.findall(r'data-region="([^"]+)"', shown)) == set(page.unchanged_by)
            for name, html in found.html.items():
                assert TOKEN.sub(r"\1", html) in shown, (page.name, user, name)
            assert f"<title>{found.title}</title>" in shown
            assert f'data-live-page="{page.name}"' in shown


@pytest.mark.parametrize("query", ["q=court", "page=2", "sort=name"])
def test_a_list_that_is_searched_sorted_or_turned_is_no_live_page(browser, office, head, query):
    assert "data-live-page" not in browser(head).get(f"{LIST}?{query}").content.decode()


def test_a_viewer_sees_only_projects_of_their_own(viewer, office, engineer, other_engineer):
    mine = rendering.render(PROJECT_LIST, viewer(engineer), frozenset({"project-list"}))
    theirs = rendering.render(PROJECT_LIST, viewer(other_engineer), frozenset({"project-list"}))
    assert "Covered court" in mine.html["project-list"]
    assert "Covered court" not in theirs.html["project-list"]
    assert "Nobody" not in mine.html["project-list"] + theirs.html["project-list"]


def test_an_engineer_who_is_taken_off_is_sent_no_more_of_the_project(viewer, office, engineer):
    page = project_page(office.pk)
    assert rendering.render(page, viewer(engineer), frozenset({"header"})) is not None
    office.assigned_engineers.remove(engineer)
    assert rendering.render(page, viewer(engineer), frozenset({"header"})) is None
    assert "Covered court" not in str(rendering.render(ENGINEER, viewer(engineer), frozenset(ENGINEER.unchanged_by)))


def test_a_region_that_is_not_wanted_costs_no_query(viewer, office, head):
    seen = viewer(head)
    with CaptureQueriesContext(connection) as queries:
        rendering.render(HEAD, seen, frozenset({"counters"}))
    tables = " ".join(query["sql"] for query in queries.captured_queries)
    assert "projeng_project" in tables
    assert "projeng_projectcost" not in tables
    assert "projeng_projectactivity" not in tables


def test_no_token_of_anybody_is_in_a_region(viewer, office, head):
    found = rendering.render(project_page(office.pk), viewer(head), frozenset({"milestones"}))
    assert re.findall(r'name="csrfmiddlewaretoken" value="([^"]*)"', found.html["milestones"]) == [rendering.NO_TOKEN]


@pytest.mark.parametrize(
    "name", ["", "weather", "project-", "project-x", "project-1.5", "project-٣", f"project-{10**20}"]
)
def test_what_is_no_page_is_not_found(name):
    assert find(name) is None
