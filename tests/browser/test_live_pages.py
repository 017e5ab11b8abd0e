"""What one person does through the forms, another sees on pages that are open: at once, without loading them again."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from projeng import inbox
from projeng.access import Role
from projeng.models import Project, ProjectProgress
from tests.support.people import PASSWORD, person

from .support import FAILED_REQUESTS, NO_SPREAD, unread, until, until_state

pytestmark = pytest.mark.timeout(150)
# What is between the page and the person is the same whatever server it came from.
one_server = pytest.mark.parametrize("site", ["gunicorn-sqlite"], indirect=True)
HOSTILE = """<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>"""


@pytest.fixture(params=["gunicorn-sqlite", "daphne-postgres"])
def site(request, sites, on_database):
    running = sites(*request.param.split("-"))
    on_database(running.database_url)
    return running


@pytest.fixture
def head(site):
    return person(Role.HEAD, first_name="Maria", last_name="Santos")


@pytest.fixture
def engineer(site):
    return person(Role.ENGINEER, first_name="Ana", last_name="Reyes")


@pytest.fixture
def project(head, engineer):
    project = Project.objects.create(
        name="Covered court", barangay="Apokon", project_cost=1_000_000, status="in_progress", created_by=head
    )
    project.assigned_engineers.add(engineer)
    return project


def _live(pages: list[Page]) -> None:
    for page in pages:
        until_state(page, "live")
        page.evaluate("window.opened = true")


def _same(pages: list[Page]) -> None:
    for page in pages:
        assert page.evaluate("window.opened"), f"{page.url} was loaded again"


def _sign_in(page: Page, username: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_report_through_the_form_moves_the_pages_of_others(site, browse, head, engineer, project):
    """Signs in through the front door, reports progress, and a head's dashboard, list, detail and bell follow."""
    engineer.password = make_password(PASSWORD, hasher="pbkdf2_sha256")
    engineer.save()
    browsing = browse(site)
    paths = ("/dashboard/", "/projeng/projects/", f"/projeng/projects/{project.pk}/", "/dashboard/notifications/")
    pages = [browsing.open(head, path) for path in paths]
    _live(pages)
    before = unread(pages[0])

    work = browsing.open(None, "/projeng/")
    expect(work).to_have_url(re.compile("/accounts/login/"))
    _sign_in(work, engineer.username)
    expect(work).to_have_url(f"{site.url}/projeng/")
    work.get_by_role("link", name="Covered court").first.click()
    work.get_by_role("link", name="Report progress").click()
    work.get_by_label("Percent complete").fill("45.5")
    work.get_by_label("What was done").fill("The walls are up.")
    work.get_by_role("button", name="Report progress").click()
    expect(work.locator(".message")).to_have_text("Progress was reported.")

    for page in pages[:3]:
        place = page.locator(f'[data-project-id="{project.pk}"]')
        expect(place.locator(".progress-text")).to_have_text("45.5%")
        expect(place.locator(".progress-bar")).to_have_attribute("value", "45.5")
    for page in pages:
        expect(page.locator("#notification-count")).to_have_text(str(before + 1))
        expect(page.locator("#toast-message")).to_contain_text("updated to 45.5% by Ana Reyes")
    expect(pages[2].locator("[data-region=progress-reports]")).to_contain_text("The walls are up.")
    expect(pages[2].locator("#timeline")).to_contain_text("Progress updated to 45.5% by Ana Reyes")
    expect(pages[3].locator("#notifications-list li").first).to_contain_text("updated to 45.5% by Ana Reyes")
    _same(pages)


def test_two_people_at_once_see_each_others_work(site, browse, head, engineer, project):
    browsing = browse(site)
    path = f"/projeng/projects/{project.pk}/"
    theirs, ours = browsing.open(head, path), browsing.open(engineer, path)
    _live([theirs, ours])
    forms = [browsing.open(head, path + "costs/add/"), browsing.open(engineer, path + "milestones/add/")]
    forms[0].get_by_label("Kind").select_option("labor")
    forms[0].get_by_label("Amount").fill("₱960,000")
    forms[1].get_by_label("Name").fill("The roof is on")
    forms[1].get_by_label("Target date").fill((timezone.localdate() + timedelta(days=9)).isoformat())
    forms[0].get_by_role("button", name="Add cost").click(no_wait_after=True)
    forms[1].get_by_role("button", name="Add milestone").click(no_wait_after=True)
    for page in (theirs, ours):
        expect(page.locator("[data-region=header] .project-spent")).to_have_text("₱960,000.00")
        expect(page.locator("[data-region=header] .level")).to_have_text("Critical")
        expect(page.locator("[data-region=milestones]")).to_contain_text("The roof is on")
        expect(page.locator("[data-region=costs]")).to_contain_text("Maria Santos")
    _same([theirs, ours])


@one_server
def test_a_toast_hides_after_five_seconds_and_does_not_come_back(site, browse, head):
    page = browse(site).open(head, "/dashboard/")
    _live([page])
    inbox.send([head], "Once and no more")
    toast = page.locator("#toast-notification")
    expect(toast).to_be_visible()
    expect(toast).to_contain_text("Once and no more")
    page.wait_for_timeout(3_500)
    expect(toast).to_be_visible()
    expect(toast).to_be_hidden(timeout=4_000)
    page.reload()
    until_state(page, "live")
    page.wait_for_timeout(1_500)
    expect(toast).to_be_hidden()
    assert unread(page) == 1


@one_server
def test_a_toast_stays_while_somebody_reads_it_and_can_be_closed(site, browse, head):
    page = browse(site).open(head, "/dashboard/")
    _live([page])
    inbox.send([head], "Take your time")
    toast = page.locator("#toast-notification")
    expect(toast).to_be_visible()
    toast.hover()
    inbox.send([head], "Something else")
    expect(page.locator("#toast-more")).to_have_text("1 more")
    page.wait_for_timeout(5_500)
    expect(page.locator("#toast-message")).to_have_text("Take your time")
    page.get_by_role("button", name="Close this message").click()
    expect(page.locator("#toast-message")).to_have_text("Something else")
    page.get_by_role("button", name="Close this message").click()
    expect(toast).to_be_hidden()


@one_server
def test_markup_in_names_and_messages_is_text(site, browse, head, engineer, project):
    browsing = browse(site)
    paths = ("/dashboard/", f"/projeng/projects/{project.pk}/", "/dashboard/notifications/", "/projeng/projects/")
    pages = [browsing.open(head, path) for path in paths]
    _live(pages)
    project.name = HOSTILE
    project.save()
    engineer.first_name = HOSTILE
    ProjectProgress.objects.create(project=project, percentage_complete=12, description=HOSTILE, created_by=engineer)
    for page in pages:
        expect(page.locator("#toast-message")).to_contain_text("<img src=x onerror=")
    expect(pages[0].locator("[data-region=project-list]")).to_contain_text(HOSTILE)
    expect(pages[1].locator("h1")).to_have_text(HOSTILE)
    expect(pages[1].locator("[data-region=progress-reports]")).to_contain_text(HOSTILE)
    expect(pages[2].locator("#notifications-list")).to_contain_text(HOSTILE)
    for page in pages:
        assert page.evaluate("window.hacked") is None
        assert page.locator("main img, main script, .toast-area img").count() == 0
    _same(pages)


def test_a_project_that_is_deleted_while_it_is_open_is_said_to_be_gone(site, browse, head, engineer, project):
    browsing = browse(site)
    pages = [
        browsing.open(user, f"/projeng/projects/{project.pk}/", tolerate=[FAILED_REQUESTS]) for user in (head, engineer)
    ]
    _live(pages)
    form = browsing.open(head, f"/projeng/projects/{project.pk}/delete/")
    form.get_by_role("button", name="Delete project").click()
    for page in pages:
        expect(page.locator("main")).to_contain_text("it was deleted, or it is no longer yours to see")
    expect(pages[1].locator("#toast-message")).to_contain_text("was deleted by Maria Santos")
    # What concerns the person still comes.
    inbox.send([head], "Life goes on")
    expect(pages[0].locator("#toast-message")).to_contain_text("Life goes on")
    _same(pages)


@one_server
def test_an_engineer_who_is_taken_off_is_told_on_the_projects_page(site, browse, engineer, project):
    page = browse(site).open(engineer, f"/projeng/projects/{project.pk}/", tolerate=[FAILED_REQUESTS])
    _live([page])
    project.assigned_engineers.remove(engineer)
    expect(page.locator("main")).to_contain_text("it was deleted, or it is no longer yours to see")
    assert "Covered court" not in page.locator("main").inner_text()
    _same([page])


@one_server
def test_the_inbox_works_in_place_and_every_tab_follows(site, browse, head):
    for number in range(3):
        inbox.send([head], f"Message {number}")
    browsing = browse(site)
    page, other = (browsing.open(head, path) for path in ("/dashboard/notifications/", "/dashboard/"))
    _live([page, other])
    assert unread(page) == unread(other) == 3
    page.get_by_role("button", name="Mark as read: Message 1").click()
    for tab in (page, other):
        expect(tab.locator("#notification-count")).to_have_text("2")
    expect(page.locator("#unread-total")).to_have_text("2")
    page.get_by_role("button", name="Delete: Message 2").click()
    expect(page.locator("#notifications-list li")).to_have_count(2)
    page.get_by_role("button", name="Mark all as read").click()
    for tab in (page, other):
        expect(tab.locator("#notification-count")).to_be_hidden()
    page.get_by_text("Delete all…").click()
    page.get_by_role("button", name="Delete all now").click()
    expect(page.locator("main")).to_contain_text("No notifications.")
    _same([page, other])


@one_server
def test_a_confirmation_that_was_opened_meanwhile_stays_when_ones_own_change_is_shown(site, browse, head):
    inbox.send([head], "The only one")
    page = browse(site).open(head, "/dashboard/notifications/")
    _live([page])
    asked: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.resource_type == "fetch" and route.request.method == "GET":
            asked.append(route)
        else:
            route.continue_()

    page.route("**/dashboard/notifications/**", hold)
    page.get_by_role("button", name="Mark all as read").click()
    until(page, lambda: asked, "the page asks for itself")
    page.get_by_text("Delete all…").click()
    with page.expect_response(lambda response: response.request == asked[0].request) as answered:
        asked[0].continue_()
    answered.value.finished()
    page.unroute("**/dashboard/notifications/**", hold)
    page.evaluate("new Promise((done) => setTimeout(done, 300))")  # what is shown at once is shown by then
    page.get_by_role("button", name="Delete all now").click(timeout=3000)
    expect(page.locator("main")).to_contain_text("No notifications.")
    _same([page])


@one_server
def test_a_confirmation_that_is_open_stays_and_the_list_follows_when_it_is_closed(site, browse, head):
    inbox.send([head], "The first")
    context = browse(site).browser_of(head)
    context.add_init_script(NO_SPREAD)
    page = context.new_page()
    fetches: list[str] = []
    page.on("request", lambda request: fetches.append(request.url) if request.resource_type == "fetch" else None)
    page.goto("/dashboard/notifications/")
    until_state(page, "live")
    fetches.clear()  # the connection itself is one
    _live([page])
    page.get_by_text("Delete all…").click()
    inbox.send([head], "The second")
    until(page, lambda: unread(page) == 2, "the bell counts two")
    page.wait_for_timeout(4_500)
    assert page.locator("#notifications-list li").count() == 1
    assert page.get_by_role("button", name="Delete all now").is_visible()
    assert len(fetches) <= 2, "an open confirmation makes the page ask again and again"
    page.get_by_text("Delete all…").click()
    page.mouse.move(1, 1)
    expect(page.locator("#notifications-list li")).to_have_count(2)
    _same([page])


@one_server
def test_the_keyboards_place_survives(site, browse, head, project):
    """Deleting by keyboard goes on with the next row; a list that changes leaves the focus on the same row's link."""
    for number in range(4):
        inbox.send([head], f"Message {number}")
    browsing = browse(site)
    page = browsing.open(head, "/dashboard/notifications/")
    _live([page])
    button = page.get_by_role("button", name="Delete: Message 2")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Delete: Message 1")).to_be_focused()
    read = page.get_by_role("button", name="Mark as read: Message 1")
    read.focus()
    page.keyboard.press("Enter")
    expect(read).to_have_count(0)
    row = page.locator("#notifications-list li").filter(has_text="Message 1")
    until(page, lambda: row.evaluate("(row) => row.contains(document.activeElement)"), "the focus is in its row")

    dashboard = browsing.open(head, "/dashboard/")
    _live([dashboard])
    project.description = "One line of activity"
    project.save()
    # Of this project: others of the office are in the list, too.
    lines = dashboard.locator("[data-region=recent-activity] li").filter(
        has=dashboard.locator(f"a[href='/projeng/projects/{project.pk}/']")
    )
    expect(lines.filter(has_text="Description changed")).to_have_count(1)
    mine = lines.filter(has_text="Description changed")
    mine.get_by_role("link").focus()
    project.description = "Another line"
    project.save()
    news = dashboard.locator("[data-region=recent-activity]").get_by_role("button", name="new: show")
    news.press("Enter")
    expect(lines.filter(has_text="Description changed")).to_have_count(2)
    focused = dashboard.evaluate("document.activeElement.closest('li')?.dataset.activityId")
    assert focused == mine.last.get_attribute("data-activity-id")
    _same([page, dashboard])


@one_server
def test_many_events_cost_a_dashboard_no_page(site, browse, head, project):
    context = browse(site).browser_of(head)
    page = context.new_page()
    fetches: list[str] = []
    page.on("request", lambda request: fetches.append(request.url) if request.url.endswith("/dashboard/") else None)
    page.goto("/dashboard/")
    _live([page])
    fetches.clear()
    for share in range(40):
        ProjectProgress.objects.create(project=project, percentage_complete=share)
        page.wait_for_timeout(100)
    expect(page.locator(f'[data-project-id="{project.pk}"] .progress-text')).to_have_text("39%")
    expect(page.locator("[data-region=recent-activity]")).to_contain_text("Progress updated to 39%")
    assert [url for url in fetches if "realtime" not in url] == []
    _same([page])
