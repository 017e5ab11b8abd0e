"""What changes is painted on open pages from what the server sends: without a request, and as a fresh page shows it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from projeng.access import Role
from projeng.models import Project, ProjectCost, ProjectDocument, ProjectMilestone, ProjectProgress
from tests.support.people import person

from .support import NO_SPREAD, until, until_state

pytestmark = pytest.mark.timeout(150)

FRESH = """async () => {
  const response = await fetch(location.href, { headers: { Accept: "text/html", "X-Test": "fresh" } });
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const markup = (region) => region.innerHTML.replace(/(name="csrfmiddlewaretoken" value=")[^"]*/g, "$1");
  return [...document.querySelectorAll("[data-region]")]
    .filter((region) => markup(region) !== markup(fresh.querySelector(`[data-region="${region.dataset.region}"]`)))
    .map((region) => region.dataset.region);
}"""


@pytest.fixture
def site(sites, on_database):
    running = sites("gunicorn", "sqlite")
    on_database(running.database_url)
    return running


@pytest.fixture
def people(site):
    return {role: person(role, first_name=role.name.title(), last_name="Santos") for role in Role}


@pytest.fixture
def project(people):
    project = Project.objects.create(
        name="Covered court", barangay="Apokon", project_cost=1_000_000, status="in_progress", created_by=people[Role.HEAD]
    )
    project.assigned_engineers.add(people[Role.ENGINEER])
    ProjectMilestone.objects.create(project=project, name="The roof is on", target_date="2030-01-01")
    return project


class Watched:
    """A live page, and the requests for pages that it makes."""

    def __init__(self, page: Page, path: str) -> None:
        self.page, self.path = page, path
        self.fetched: list[str] = []
        page.on("request", self._requested)
        page.goto(path)
        until_state(page, "live")
        self.fetched.clear()

    def _requested(self, request) -> None:
        if "/realtime/" not in request.url and "x-test" not in request.headers and request.resource_type == "fetch":
            self.fetched.append(request.url)

    def is_fresh(self) -> bool:
        return self.page.evaluate(FRESH) == []


def pages_of(people, project) -> list[tuple[Role, str]]:
    return [
        (Role.HEAD, "/dashboard/"),
        (Role.FINANCE, "/dashboard/finance/"),
        (Role.ENGINEER, "/projeng/"),
        (Role.HEAD, "/projeng/projects/"),
        (Role.ENGINEER, f"/projeng/projects/{project.pk}/"),
        (Role.HEAD, f"/projeng/projects/{project.pk}/"),
    ]


def changes(project: Project, people) -> list[Callable[[], object]]:
    other = Project.objects.create(name="Another", barangay="Apokon", project_cost=10)
    return [
        lambda: ProjectProgress.objects.create(project=project, percentage_complete=45),
        lambda: ProjectCost.objects.create(project=project, cost_type="labor", amount=960_000),
        lambda: Project.objects.get(pk=project.pk).__class__.objects.filter(pk=project.pk).update(name="Renamed in bulk"),
        lambda: ProjectMilestone.objects.create(project=project, name="Done", target_date="2029-01-01"),
        lambda: other.delete(),
        lambda: Project.objects.create(name="A new one", barangay="Apokon").assigned_engineers.add(people[Role.ENGINEER]),
    ]


def test_every_kind_of_change_is_painted_without_a_request_and_as_a_fresh_page_shows_it(site, browse, people, project):
    browsing = browse(site)
    watched = [Watched(browsing.open(people[role], "").context.pages[0], path) for role, path in pages_of(people, project)]
    for change in changes(project, people):
        change()
        for one in watched:
            until(one.page, one.is_fresh, f"{one.path} shows the change", 6, pause=100)
    assert [url for one in watched for url in one.fetched] == []
