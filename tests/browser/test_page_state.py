"""An old page that was told of a change is the same as a page that is loaded after it: every change, every page.

Pages are open before the change. Then either they hear of it live, or their connection is cut while it happens and
they hear of it when they come back. In the end each must show what the page says that the server makes anew.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Browser, Page

from projeng import inbox
from projeng.access import Role
from projeng.models import (
    Notification,
    Project,
    ProjectCost,
    ProjectDocument,
    ProjectMilestone,
    ProjectProgress,
    Status,
)
from tests.support.database import using_database
from tests.support.people import person

from .support import FAILED_REQUESTS, NO_SPREAD, Browsing, connection_state, until, until_state

# The first test starts a server and opens a dozen pages.
pytestmark = [pytest.mark.timeout(180), pytest.mark.long]

# Everything on a page that an event may change. CSRF tokens are in attributes that this does not look at.
STATE_OF = """(document) => {
  const text = (element) => element.textContent.replace(/\\s+/g, " ").trim();
  const all = (selector) => [...document.querySelectorAll(selector)];
  const badge = document.getElementById("notification-count");
  const state = {
    badge: [text(badge), badge.classList.contains("hidden")],
    title: document.title,
    counters: Object.fromEntries(all(".counter-number").map((counter) => [counter.id, text(counter)])),
    progress: all("progress").map((bar) => [bar.value, bar.dataset.level ?? null, bar.getAttribute("aria-label")]),
    badges: all(".status-badge, .level").map((mark) => [text(mark), mark.dataset.status ?? mark.dataset.level]),
    links: all("[data-region] a").map((link) => link.getAttribute("href")),
    ids: all("[data-project-id], [data-notification-id], [data-activity-id], [data-cost-id]").map((row) =>
      JSON.stringify(row.dataset)),
  };
  for (const region of all("[data-region]")) state[`region ${region.dataset.region}`] = text(region);
  return state;
}"""
STATE = f"() => ({STATE_OF})(document)"
# A page as the server makes it, with no script run on it and no tab opened for it: a dozen tabs take their time.
STATE_OF_MARKUP = f"""(markup) => ({STATE_OF})(new DOMParser().parseFromString(markup, "text/html"))"""


@dataclass
class Office:
    """People with their pages open, and things prepared so that any change can come first."""

    live: bool
    head: User
    finance: User
    engineer: User
    other_engineer: User
    project: Project = field(init=False)
    things: dict[str, Any] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)

    def prepare(self) -> None:
        """One project whose page is open, and for each change that needs it something of its own."""
        make = self._project
        self.project = make("Covered court of Apokon", status=Status.IN_PROGRESS, project_cost=Decimal(1_000_000))
        for name in ("bulk", "delete", "assign", "unassign", "overdue", "imported"):
            self.things[name] = make(f"Project to {name}")
        self.things["assign"].assigned_engineers.clear()
        for name in ("corrected", "deleted progress"):
            self.things[name] = ProjectProgress.objects.create(
                project=self.project, percentage_complete=20, created_by=self.engineer
            )
        for name in ("changed cost", "deleted cost"):
            self.things[name] = ProjectCost.objects.create(project=self.project, cost_type="labor", amount=50_000)
        for name in ("reached", "deleted milestone"):
            self.things[name] = ProjectMilestone.objects.create(
                project=self.project, name=f"Milestone {name}", target_date=timezone.localdate() + timedelta(days=9)
            )
        self.things["document"] = self.document("Plan to delete")
        self.fill_inboxes()

    def fill_inboxes(self) -> bool:
        """See to it that everybody has the messages that some changes begin with; whether any was missing."""
        people = {self.head, self.finance, self.engineer}
        missing = False
        for name in ("read", "deleted"):
            unread = {row.recipient for row in self.notifications(name) if not row.is_read}
            missing |= bool(inbox.send(people - unread, f"A message to be {name}", self.project))
        return missing

    def _project(self, name: str, **fields: Any) -> Project:
        project = Project.objects.create(name=name, barangay="Apokon", created_by=self.head, **fields)
        project.assigned_engineers.add(self.engineer)
        return project

    def document(self, name: str) -> ProjectDocument:
        return ProjectDocument.objects.create(
            project=self.project, name=name, file=ContentFile(b"%PDF-1.4 plan", "plan.pdf"), uploaded_by=self.engineer
        )

    def change(self, **fields: Any) -> None:
        project = Project.objects.get(pk=self.project.pk)
        for name, value in fields.items():
            setattr(project, name, value)
        project.save()

    def notifications(self, name: str) -> list[Notification]:
        return list(Notification.objects.filter(message=f"A message to be {name}"))


# --- every kind of change -----------------------------------------------------------------------------------------


def _created(office: Office, scratch: Path) -> None:
    office._project("Solar street lights", status=Status.PLANNED, project_cost=Decimal("2500000.50"))


def _renamed(office: Office, scratch: Path) -> None:
    office.change(name="Covered court <b>and</b> park")


def _status(office: Office, scratch: Path) -> None:
    office.change(status=Status.COMPLETED if office.project.status != Status.COMPLETED else Status.DELAYED)


def _budget(office: Office, scratch: Path) -> None:
    office.change(project_cost=Decimal("1234567.89"))


def _dates(office: Office, scratch: Path) -> None:
    office.change(start_date="2026-02-01", end_date=timezone.localdate() + timedelta(days=100))


def _description(office: Office, scratch: Path) -> None:
    office.change(description="First line.\n\nSecond <script>alert(1)</script> line & more.")


def _barangay(office: Office, scratch: Path) -> None:
    office.change(barangay="Magugpo East")


def _several(office: Office, scratch: Path) -> None:
    office.change(name="Sports complex", status=Status.DELAYED, barangay="Madaum", project_cost=Decimal(900_000))


def _not_told(office: Office, scratch: Path) -> None:
    office.change(source_of_funds="Tourism", latitude="7.4477", longitude="125.8068", prn=f"PRN-{office.project.pk}-X")


def _deleted(office: Office, scratch: Path) -> None:
    office.things["delete"].delete()


def _assigned(office: Office, scratch: Path) -> None:
    office.things["assign"].assigned_engineers.add(office.engineer, office.other_engineer)


def _unassigned(office: Office, scratch: Path) -> None:
    office.things["unassign"].assigned_engineers.remove(office.engineer)


def _engineers_of_the_open_page(office: Office, scratch: Path) -> None:
    office.project.assigned_engineers.add(office.other_engineer)


def _progress_added(office: Office, scratch: Path) -> None:
    ProjectProgress.objects.create(
        project=office.project, percentage_complete="45.5", description="Walls", created_by=office.engineer
    )


def _progress_corrected(office: Office, scratch: Path) -> None:
    report = office.things["corrected"]
    report.percentage_complete, report.date = Decimal(33), timezone.localdate() - timedelta(days=3)
    report.save()


def _progress_deleted(office: Office, scratch: Path) -> None:
    office.things["deleted progress"].delete()


def _cost_added(office: Office, scratch: Path) -> None:
    ProjectCost.objects.create(
        project=office.project, cost_type="material", amount=Decimal(870_000), created_by=office.finance
    )


def _cost_changed(office: Office, scratch: Path) -> None:
    cost = office.things["changed cost"]
    cost.amount = Decimal("1100000.25")
    cost.save()


def _cost_deleted(office: Office, scratch: Path) -> None:
    office.things["deleted cost"].delete()


def _milestone_added(office: Office, scratch: Path) -> None:
    ProjectMilestone.objects.create(
        project=office.project, name="Roof", target_date=timezone.localdate() - timedelta(days=1)
    )


def _milestone_reached(office: Office, scratch: Path) -> None:
    milestone = office.things["reached"]
    milestone.is_completed, milestone.completion_date = True, timezone.localdate()
    milestone.save()


def _milestone_deleted(office: Office, scratch: Path) -> None:
    office.things["deleted milestone"].delete()


def _document_added(office: Office, scratch: Path) -> None:
    office.document("Plan <i>of</i> the roof")


def _document_deleted(office: Office, scratch: Path) -> None:
    office.things["document"].delete()


def _notification_created(office: Office, scratch: Path) -> None:
    inbox.send([office.head, office.finance, office.engineer], "Meeting at <b>3 PM</b>")


def _notification_read(office: Office, scratch: Path) -> None:
    for row in office.notifications("read"):
        inbox.mark_read(row.recipient, row.pk)


def _all_read(office: Office, scratch: Path) -> None:
    for user in (office.head, office.finance, office.engineer):
        inbox.send([user], "Read soon")
        inbox.mark_read(user)


def _notification_deleted(office: Office, scratch: Path) -> None:
    for row in office.notifications("deleted"):
        inbox.delete(row.recipient, row.pk)


def _all_deleted(office: Office, scratch: Path) -> None:
    for user in (office.head, office.finance, office.engineer):
        inbox.send([user], "Gone soon")
        inbox.delete(user)


def _bulk(office: Office, scratch: Path) -> None:
    chosen = [office.things["bulk"].pk, office.project.pk]
    Project.objects.filter(pk__in=chosen).update(source_of_funds="Local Development", status=Status.IN_PROGRESS)


def _imported(office: Office, scratch: Path) -> None:
    path = scratch / "projects.csv"
    known = {"prn": office.things["imported"].prn, "name": "Drainage canal (imported)", "barangay": "Madaum"}
    new = {"prn": f"PRN-IMPORT-{office.project.pk}", "name": "River park (imported)", "barangay": "San Isidro"}
    place = {"latitude": "7.4477", "longitude": "125.8068", "status": "planned"}
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*known, *place])
        writer.writeheader()
        writer.writerows([known | place, new | place])
    call_command("import_projects", str(path), verbosity=0)


def _overdue(office: Office, scratch: Path) -> None:
    project = office.things["overdue"]
    project.end_date = timezone.localdate() - timedelta(days=1)
    project.save()
    call_command("flag_overdue", verbosity=0)


def _burst(office: Office, scratch: Path) -> None:
    """Much at once, on several things."""
    for share in range(50, 75):
        ProjectProgress.objects.create(project=office.project, percentage_complete=share, created_by=office.engineer)
    office.change(description="After the burst.")


CHANGES: dict[str, Callable[[Office, Path], None]] = {
    function.__name__.strip("_").replace("_", " "): function
    for function in (
        _created, _renamed, _status, _budget, _dates, _description, _barangay, _several, _not_told, _deleted,
        _assigned, _unassigned, _engineers_of_the_open_page, _progress_added, _progress_corrected, _progress_deleted,
        _cost_added, _cost_changed, _cost_deleted, _milestone_added, _milestone_reached, _milestone_deleted,
        _document_added, _document_deleted, _notification_created, _notification_read, _all_read,
        _notification_deleted, _all_deleted, _bulk, _imported, _overdue, _burst,
    )
}  # fmt: skip


# --- the pages ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["live-gunicorn-sqlite", "replay-daphne-postgres"])
def office(
    request: pytest.FixtureRequest, browser: Browser, sites, django_db_blocker, tmp_path_factory
) -> Iterator[Office]:
    """The office with all its pages open, on this server and database."""
    how, server, database = request.param.split("-")
    site = sites(server, database)
    browsing = Browsing(browser, site)
    with django_db_blocker.unblock(), using_database(site.database_url):
        roles = (Role.HEAD, Role.FINANCE, Role.ENGINEER, Role.ENGINEER)
        office = Office(how == "live", *(person(role, first_name="Jose") for role in roles))
        office.prepare()
        detail = f"/projeng/projects/{office.project.pk}/"
        shown = {
            office.head: (
                "/dashboard/",
                "/projeng/projects/",
                "/projeng/projects/?status=in_progress",
                detail,
                "/dashboard/notifications/",
                "/accounts/profile/",
            ),
            office.finance: (
                "/dashboard/finance/",
                "/projeng/projects/?level=any",
                "/dashboard/finance/notifications/",
            ),
            office.engineer: ("/projeng/", "/projeng/projects/?sort=name", detail, "/projeng/notifications/"),
        }
        tolerate = () if office.live else (FAILED_REQUESTS,)
        for user, paths in shown.items():
            for path in paths:
                # Each in a browser of its own: there are six connections to a host, and streams hold theirs.
                context = browsing.browser_of(user)
                context.add_init_script(NO_SPREAD)
                page = browsing.tab(context, path, tolerate=tolerate)
                page.evaluate("window.opened = true")
                office.pages.append(page)
        for page in office.pages:
            until_state(page, "live")
        yield office
        browsing.close()
        assert browsing.problems == []


@pytest.mark.parametrize("change", CHANGES)
def test_an_old_page_that_heard_of_a_change_equals_a_new_one(office: Office, scratch: Path, change: str) -> None:
    pages = office.pages
    if office.fill_inboxes():
        _all_equal(office)
    before = [page.evaluate(STATE) for page in pages]
    if not office.live:
        for page in pages:
            page.context.set_offline(True)
            until_state(page, "offline")
    CHANGES[change](office, scratch)
    if not office.live:
        assert [page.evaluate(STATE) for page in pages] == before
        for page in pages:
            page.context.set_offline(False)
    after = _all_equal(office)
    for page in pages:
        assert page.evaluate("window.opened"), f"{page.url} was loaded again"
        assert connection_state(page) == "live"
    assert after != before, "the change is on no page at all, so this proves nothing"


def test_a_new_tab_without_scripts_shows_what_the_markup_says(office: Office, browser: Browser) -> None:
    """The measure of the test above is itself right: a real tab, loaded anew, has the same state."""
    for page in office.pages[::3]:
        context = browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
        tab = context.new_page()
        tab.goto(page.url)
        assert tab.evaluate(STATE) == _new(page)
        context.close()


def _all_equal(office: Office) -> list[dict[str, Any]]:
    """Wait until every page equals a new one; returns the states of the new ones."""
    states = [_new(page) for page in office.pages]
    for page, state in zip(office.pages, states, strict=True):
        _until_equal(page, state)
    return states


def _new(page: Page) -> dict[str, Any]:
    """The state of the same page for the same person, made anew."""
    # Again, should the server just have closed a connection that was idle for as long as it keeps one.
    answer = page.context.request.get(page.url, headers={"Accept": "text/html"}, max_retries=2)
    return page.evaluate(STATE_OF_MARKUP, answer.text())


def _until_equal(page: Page, wanted: dict[str, Any], seconds: float = 25.0) -> None:
    try:
        until(page, lambda: page.evaluate(STATE) == wanted, "equal", seconds, pause=150)
    except AssertionError:
        wanted, shown = _new(page), page.evaluate(STATE)
        names = [name for name in shown | wanted if shown.get(name) != wanted.get(name)]
        different = {name: (shown.get(name), wanted.get(name)) for name in names}
        assert not different, f"{page.url}: the old page, and a new one"
