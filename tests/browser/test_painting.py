"""What changes is painted on open pages from what the server sends: without a request, and as a fresh page shows it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, expect

from projeng.access import Role
from projeng.models import Project, ProjectCost, ProjectMilestone, ProjectProgress
from realtime.parity.models import Receipt
from tests.support.people import person

from .support import NO_SPREAD, Browsing, until, until_state

pytestmark = pytest.mark.timeout(150)
# The regions that a fresh page shows differently.
STALE = """async () => {
  const response = await fetch(location.href, { headers: { Accept: "text/html", "X-Test": "fresh" } });
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const markup = (region) => region.innerHTML.replace(/(name="csrfmiddlewaretoken" value=")[^"]*/g, "$1");
  return [...document.querySelectorAll("[data-region]")]
    .filter((region) => markup(region) !== markup(fresh.querySelector(`[data-region="${region.dataset.region}"]`)))
    .map((region) => region.dataset.region)
    .concat(document.title === fresh.title ? [] : ["title"]);
}"""
# A page that the server does not know, as that of another release.
UNKNOWN = """document.addEventListener("readystatechange", () => {
  document.documentElement.dataset.livePage = "weather";
});"""
PATHS = {
    "dashboard": (Role.HEAD, "/dashboard/"),
    "finance": (Role.FINANCE, "/dashboard/finance/"),
    "work": (Role.ENGINEER, "/projeng/"),
    "list": (Role.HEAD, "/projeng/projects/"),
    "project, engineer": (Role.ENGINEER, "/projeng/projects/{}/"),
    "project, head": (Role.HEAD, "/projeng/projects/{}/"),
}


@pytest.fixture(params=["sse", "websocket"])
def site(request, sites, on_database):
    running = sites("gunicorn", "sqlite") if request.param == "sse" else request.getfixturevalue("socket_site")
    on_database(running.database_url)
    return running


by_sse = pytest.mark.parametrize("site", ["sse"], indirect=True)


@pytest.fixture
def people(site):
    return {role: person(role, first_name=role.name.title(), last_name="Santos") for role in Role}


@pytest.fixture
def project(people):
    head, engineer = people[Role.HEAD], people[Role.ENGINEER]
    project = Project.objects.create(name="Covered court", barangay="Apokon", project_cost=1_000_000, created_by=head)
    project.assigned_engineers.add(engineer)
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

    def _requested(self, request: Request) -> None:
        if request.resource_type == "fetch" and "/realtime/" not in request.url and "x-test" not in request.headers:
            self.fetched.append(request.url)

    def until_fresh(self, what: str, seconds: float = 10) -> None:
        until(self.page, lambda: self.page.evaluate(STALE) == [], f"{self.path} shows {what}", seconds, pause=100)


@pytest.fixture
def watch(site, browse, people) -> Callable[..., Watched]:
    """``watch(role, path)``: a page in a browser of its own; with ``script``, which runs before it."""
    browsing: Browsing = browse(site)

    def begin(role: Role, path: str, script: str = "", block: str = "") -> Watched:
        context = browsing.browser_of(people[role])
        if script:
            context.add_init_script(script)
        if block:
            context.route(block, lambda route: route.abort())
        return Watched(browsing.tab(context, tolerate=["Failed to load resource"] if block else []), path)

    return begin


def test_every_kind_of_change_is_painted_without_a_request_and_as_a_fresh_page_shows_it(site, watch, people, project):
    other = Project.objects.create(name="Another", barangay="Apokon", project_cost=10)
    changes: dict[str, Callable[[], object]] = {
        "a report": lambda: ProjectProgress.objects.create(project=project, percentage_complete=45),
        "a cost": lambda: ProjectCost.objects.create(project=project, cost_type="labor", amount=960_000),
        "a new name": lambda: Project.objects.filter(pk=project.pk).update(name="Renamed <in> bulk"),
        "a milestone": lambda: ProjectMilestone.objects.create(project=project, name="Done", target_date="2029-01-01"),
        "a deletion": other.delete,
        "a new project": lambda: Project.objects.create(name="A new one", barangay="Apokon").assigned_engineers.add(
            people[Role.ENGINEER]
        ),
    }
    # By the other transport the same comes, so fewer pages will do.
    names = PATHS if site.server == "gunicorn" else ("dashboard", "project, head")
    watched = [watch(role, path.format(project.pk)) for role, path in map(PATHS.get, names)]
    for what, change in changes.items():
        change()
        for one in watched:
            one.until_fresh(what)
    assert [url for one in watched for url in one.fetched] == []
    # The forms of a region that was painted work.
    page = watched[-1].page
    page.locator("[data-region=milestones] li", has_text="Done").get_by_role("button").click()
    expect(page.locator("[data-region=milestones]")).to_contain_text("Reached")


def test_the_page_of_a_tab_that_does_not_keep_the_connection_is_painted_too(site, browse, people, project):
    browsing: Browsing = browse(site)
    context = browsing.browser_of(people[Role.HEAD])
    first = Watched(browsing.tab(context), "/dashboard/")
    second = Watched(browsing.tab(context), "/projeng/projects/")
    third = Watched(browsing.tab(context), f"/projeng/projects/{project.pk}/")
    tabs = [first, second, third]
    assert [tab.page.evaluate("realtimeManager.getStatus().leader") for tab in tabs] == [True, False, False]
    for share in (10, 20):
        ProjectProgress.objects.create(project=project, percentage_complete=share)
        for tab in tabs:
            tab.until_fresh(f"{share}%")
    assert [url for tab in tabs for url in tab.fetched] == []


@by_sse
def test_a_page_that_polls_is_painted_from_what_it_polls(watch, project):
    one = watch(Role.HEAD, "/dashboard/", block="**/realtime/events/**")
    assert one.page.evaluate("realtimeManager.getStatus().transport") == "poll"
    ProjectProgress.objects.create(project=project, percentage_complete=45)
    one.until_fresh("the report", 20)
    assert one.fetched == []


@by_sse
def test_a_page_that_the_server_does_not_send_is_fetched(watch, project):
    one = watch(Role.HEAD, "/dashboard/", script=NO_SPREAD + UNKNOWN)
    ProjectProgress.objects.create(project=project, percentage_complete=45)
    one.until_fresh("the report")
    assert len(one.fetched) == 1


@by_sse
def test_a_list_that_is_searched_is_fetched(watch, project):
    one = watch(Role.HEAD, "/projeng/projects/?q=court", script=NO_SPREAD)
    Project.objects.create(name="Covered court, again", barangay="Apokon")
    expect(one.page.locator("[data-region=project-list]")).to_contain_text("Covered court, again")
    assert 1 <= len(one.fetched) <= 2


@by_sse
def test_browsers_report_when_a_change_was_on_the_screen(watch, project):
    one = watch(Role.HEAD, "/dashboard/", script=NO_SPREAD)
    ProjectProgress.objects.create(project=project, percentage_complete=45)
    one.until_fresh("the report")
    painted = Receipt.objects.exclude(painted_ms=None)
    receipt = until(one.page, painted.first, "it is reported")
    assert receipt.painted_ms >= receipt.delay_ms
