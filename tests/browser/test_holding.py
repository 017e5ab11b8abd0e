"""What somebody is at work on does not change under the pointer, the finger, a selection or the keyboard: it waits."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from projeng import inbox
from projeng.access import Role
from projeng.models import Project, ProjectProgress
from tests.support.people import person
from tests.support.site import running_on

from .support import NO_SPREAD, Browsing, unread, until, until_state

pytestmark = pytest.mark.timeout(150)

INBOX = "/dashboard/notifications/"
ROWS = "#notifications-list li"


site = running_on("gunicorn-sqlite")


@pytest.fixture
def head(site):
    user = person(Role.HEAD, first_name="Maria")
    for number in range(6):
        inbox.send([user], f"Message {number}")
    return user


@pytest.fixture
def page(site, browse, head):
    return _opened(browse(site), head, INBOX)


def _opened(browsing: Browsing, user: User, path: str, **options: Any) -> Page:
    context = browsing.browser_of(user, **options)
    context.add_init_script(NO_SPREAD)
    page = browsing.tab(context, path)
    until_state(page, "live")
    return page


def _notice(page: Page, region: str = "notifications"):
    return page.locator(f"[data-region={region}] .held-notice-button")


def _box(page: Page, selector: str) -> tuple[float, float]:
    # There is none of an element that is replaced at that very moment.
    box = until(page, lambda: page.locator(selector).bounding_box(), f"{selector} is on the page")
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _hover(page: Page, message: str) -> None:
    page.locator(ROWS).filter(has_text=message).locator(".notification-message").hover()


def _select(page: Page, message: str) -> None:
    page.locator(ROWS).filter(has_text=message).locator(".notification-message").evaluate(
        "(element) => getSelection().selectAllChildren(element)"
    )


def _focus(page: Page, message: str) -> None:
    page.get_by_role("button", name=f"Delete: {message}").focus()


def _let_go_by_pointer(page: Page) -> None:
    page.mouse.move(2, 2)


USES = {
    "hovered": (_hover, _let_go_by_pointer),
    "selected in": (_select, lambda page: page.evaluate("getSelection().removeAllRanges()")),
    "focused": (_focus, lambda page: page.evaluate("document.activeElement.blur()")),
    "opened": (
        lambda page, message: page.locator("details.confirm").evaluate("(element) => { element.open = true; }"),
        lambda page: page.locator("details.confirm").evaluate("(element) => { element.open = false; }"),
    ),
}


@pytest.mark.parametrize("use", USES)
def test_a_region_that_is_used_waits_and_follows_when_it_is_let_go(use, page, head):
    begin, end = USES[use]
    begin(page, "Message 3")
    before = page.locator(ROWS).evaluate_all("(rows) => rows.map((row) => row.getBoundingClientRect().top)")
    page.evaluate("window.row = document.querySelectorAll('#notifications-list li')[2]")
    for number in range(3):
        inbox.send([head], f"News {number}")
    expect(_notice(page)).to_have_text("3 new: show")
    expect(page.locator("#held-notice-status")).to_contain_text("Notifications: ")
    expect(page.locator(ROWS)).to_have_count(6)
    after = page.locator(ROWS).evaluate_all("(rows) => rows.map((row) => row.getBoundingClientRect().top)")
    assert after == before, "the notice moved the rows"
    assert page.evaluate("window.row.isConnected")
    if use == "selected in":
        assert page.evaluate("getSelection().toString()").endswith("Message 3")
    end(page)
    expect(page.locator(ROWS)).to_have_count(9)
    expect(_notice(page)).to_have_count(0)


def test_a_pointer_that_rests_for_a_minute_does_not_keep_a_page_from_following_and_a_selection_does(page, head):
    _hover(page, "Message 3")
    _select(page, "Message 3")
    inbox.send([head], "News")
    expect(_notice(page)).to_be_visible()
    page.evaluate("{ const now = performance.now.bind(performance); performance.now = () => now() + 61_000; }")
    page.wait_for_timeout(700)
    assert page.locator(ROWS).count() == 6
    page.evaluate("getSelection().removeAllRanges()")
    expect(page.locator(ROWS)).to_have_count(7)


def test_the_button_shows_at_once_what_waits(page, head):
    _hover(page, "Message 2")
    inbox.send([head], "News")
    _notice(page).click()
    expect(page.locator(ROWS)).to_have_count(7, timeout=1_000)
    expect(_notice(page)).to_have_count(0)


def test_what_is_aimed_at_is_hit_while_news_comes_in(page, head):
    """The pointer goes to a row's button and clicks a moment later, while others are at work."""
    for number in range(4, 0, -1):
        inbox.send([head], f"While it is read {number}")
        x, y = _box(page, f"{ROWS}:has-text('Message {number}') button[value=delete]")
        page.mouse.move(x, y, steps=4)
        for other in range(3):
            inbox.send([head], f"While it is aimed at {number}.{other}")
            page.wait_for_timeout(250)
        page.mouse.click(x, y)
        expect(page.locator(ROWS).filter(has_text=f"Message {number}")).to_have_count(0)
    gone = {f"Message {number}" for number in range(1, 5)}
    left = set(head.notifications.values_list("message", flat=True))
    assert len(left) == 6 + 4 + 12 - 4
    assert not left & gone
    page.mouse.move(2, 2)
    expect(page.locator(ROWS)).to_have_count(len(left))


def test_a_double_click_deletes_one(page, head):
    x, y = _box(page, f"{ROWS}:has-text('Message 4') button[value=delete]")
    page.mouse.move(x, y)
    page.mouse.click(x, y, click_count=1)
    expect(page.locator(ROWS)).to_have_count(5)
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    page.wait_for_timeout(500)
    assert head.notifications.count() == 5


def test_regions_above_what_is_used_wait_too_and_those_beside_it_do_not(site, browse, head):
    project = Project.objects.create(name="Covered court", barangay="Apokon", status="in_progress", created_by=head)
    page = _opened(browse(site), head, "/dashboard/")
    page.locator("[data-region=project-list]").locator("tr").last.hover()
    page.wait_for_timeout(800)
    ProjectProgress.objects.create(project=project, percentage_complete=41)
    expect(page.locator("[data-region=recent-activity]")).to_contain_text("Progress updated to 41%")
    expect(_notice(page, "recent-activity")).to_have_count(0)
    Project.objects.create(name="New one", barangay="Apokon", created_by=head)
    expect(_notice(page, "project-list")).to_have_text("1 new: show")
    assert page.locator("[data-region=project-list]").get_by_text("New one").count() == 0
    page.locator("[data-region=recent-activity] li").first.hover()
    expect(page.locator("[data-region=project-list]")).to_contain_text("New one")


def test_a_name_in_which_something_is_selected_keeps_the_selection(site, browse, head):
    """Single elements are painted from events, without their region."""
    project = Project.objects.create(name="Covered court", barangay="Apokon", status="in_progress", created_by=head)
    page = _opened(browse(site), head, f"/projeng/projects/{project.pk}/")
    page.locator("h1.project-name").evaluate("(element) => getSelection().selectAllChildren(element)")
    project.name = "Sports complex"
    project.save()
    expect(_notice(page, "header")).to_have_text("Changed: show")
    assert page.evaluate("getSelection().toString()") == "Covered court"
    page.evaluate("getSelection().removeAllRanges()")
    expect(page.locator("h1")).to_have_text("Sports complex")


def test_what_is_touched_waits_for_some_seconds(site, browse, head):
    page = _opened(browse(site), head, INBOX, has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844})
    page.locator(ROWS).filter(has_text="Message 4").locator(".notification-message").tap()
    inbox.send([head], "News")
    expect(_notice(page)).to_have_text("1 new: show")
    assert page.locator(ROWS).count() == 6
    expect(page.locator(ROWS)).to_have_count(7)


def test_what_was_deleted_comes_back_with_undo(page, head):
    page.get_by_role("button", name="Delete: Message 4").click()
    expect(page.locator("#toast-own-message")).to_have_text("Deleted")
    page.get_by_role("button", name="Delete: Message 2").click()
    expect(page.locator(ROWS)).to_have_count(4)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(ROWS)).to_have_count(6)
    expect(page.locator(ROWS).nth(1)).to_contain_text("Message 4")
    assert unread(page) == 6
    page.get_by_text("Delete all…").click()
    page.get_by_role("button", name="Delete all now").click()
    expect(page.locator("main")).to_contain_text("No notifications.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(ROWS)).to_have_count(6)


def test_all_is_what_the_page_showed(page, head):
    _hover(page, "Message 5")
    inbox.send([head], "Came later")
    expect(_notice(page)).to_be_visible()
    page.get_by_text("Delete all…").click()
    page.get_by_role("button", name="Delete all now").click()
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator(ROWS)).to_contain_text("Came later")
    until(page, lambda: unread(page) == 1, "one is left")
