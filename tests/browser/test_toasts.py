"""Toasts: they cover nothing that is in use, keep their words while they are read, and lead to what they tell of."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from projeng import inbox
from projeng.access import Role
from projeng.models import Notification, Project
from tests.support.people import person
from tests.support.site import running_on

from .support import expect_unread, until, until_state

pytestmark = pytest.mark.timeout(150)

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1280, "height": 800}}
LONG = (
    "Cost of ₱1,250,000.00 (supply and install) added to project 'Concreting of Purok 5 road (PRN: PRN-261120-3FA9C1)'"
)

# Which of these the toasts overlap, by their words.
COVERED = """(selector) => {
  const area = document.getElementById("toast-area").getBoundingClientRect();
  const boxes = [...document.querySelectorAll(selector)].map((element) => [element, element.getBoundingClientRect()]);
  return boxes.filter(([, box]) => box.width && box.left < area.right && area.left < box.right
    && box.top < area.bottom && area.top < box.bottom).map(([element]) => element.outerHTML.slice(0, 80));
}"""
BUTTONS = "main form button, .form-actions a, main summary.button, footer button, :focus:not(body, main)"


site = running_on("gunicorn-sqlite")


@pytest.fixture
def head(site):
    return person(Role.HEAD, first_name="Maria")


@pytest.fixture
def project(head):
    return Project.objects.create(name="Covered court", barangay="Apokon", project_cost=1_000_000, created_by=head)


def _toast(page: Page, message: str = LONG) -> None:
    expect(page.locator("#toast-message")).to_have_text(message)
    expect(page.locator("#toast-notification")).to_be_visible()


@pytest.mark.parametrize(
    ("device", "path"),
    [(PHONE, "costs/add/"), (DESK, "edit/")],
    ids=["phone", "desk"],
)
def test_a_toast_covers_neither_the_field_with_the_focus_nor_the_forms_buttons(
    device, path, site, browse, head, project
):
    page = browse(site).open(head, f"/projeng/projects/{project.pk}/{path}", **device)
    until_state(page, "live")
    fields = page.locator("main form .field :is(input, select, textarea)")
    numbers = range(fields.count())
    for number in (numbers[0], numbers[-1]):
        fields.nth(number).focus()
        inbox.send([head], f"{LONG} {number}")
        _toast(page, f"{LONG} {number}")
        assert page.evaluate(COVERED, BUTTONS) == []
        for other in numbers[number : number + 3]:
            fields.nth(other).focus()
            page.wait_for_timeout(50)
            assert page.evaluate(COVERED, BUTTONS) == [] or not page.locator("#toast-notification").is_visible()
        button = page.locator(".form-actions button")
        button.scroll_into_view_if_needed()
        page.wait_for_timeout(200)
        assert page.evaluate(COVERED, BUTTONS) == [] or not page.locator("#toast-notification").is_visible()
        if page.locator("#toast-notification").is_visible():
            page.locator("#toast-close").dispatch_event("click")
        expect(page.locator("#toast-notification")).to_be_hidden(timeout=7_000)


@pytest.mark.parametrize("device", [PHONE, DESK], ids=["phone", "desk"])
def test_in_the_inbox_no_button_of_a_row_is_covered(device, site, browse, head, project):
    for number in range(12):
        inbox.send([head], f"{LONG} {number}", project)
    page = browse(site).open(head, "/dashboard/notifications/", **device)
    until_state(page, "live")
    page.mouse.wheel(0, 300)
    page.wait_for_timeout(300)
    inbox.send([head], LONG)
    _toast(page)
    assert page.evaluate(COVERED, BUTTONS) == []


def test_where_there_is_no_place_it_waits_for_one(site, browse, head, project):
    page = browse(site).open(head, f"/projeng/projects/{project.pk}/edit/", viewport={"width": 360, "height": 300})
    until_state(page, "live")
    page.locator("textarea").first.evaluate("(element) => { element.style.height = '100vh'; element.focus(); }")
    page.locator("textarea").first.evaluate("(element) => scrollTo(0, element.getBoundingClientRect().top + scrollY)")
    inbox.send([head], LONG)
    expect_unread(page, head.notifications.count())
    page.wait_for_timeout(1_000)
    assert not page.locator("#toast-notification").is_visible()
    page.evaluate("document.activeElement.blur()")
    _toast(page)


def test_words_that_are_read_do_not_change_and_those_that_come_are_counted(site, browse, head):
    page = browse(site).open(head, "/dashboard/")
    until_state(page, "live")
    inbox.send([head], "The first")
    _toast(page, "The first")
    inbox.send([head], "The second")
    expect(page.locator("#toast-more")).to_have_text("1 more")
    expect(page.locator("#toast-message")).to_have_text("The first")
    page.locator("#toast-close").click()
    _toast(page, "The second")  # when the first is gone
    for number in range(5):
        inbox.send([head], f"Much {number}")
    expect(page.locator("#toast-more")).to_have_text("5 more")
    expect(page.locator("#toast-message")).to_have_text("The second")
    page.locator("#toast-close").click()
    _toast(page, "Much 4")
    expect(page.locator("#toast-more")).to_have_text("4 others are in the inbox")


def test_it_leads_to_its_project_as_long_as_that_may_be_opened(site, browse, head, project):
    engineer = person(Role.ENGINEER)
    project.assigned_engineers.add(engineer)
    page = browse(site).open(engineer, "/projeng/")
    until_state(page, "live")
    inbox.send([engineer], "About the court", project)
    _toast(page, "About the court")
    address = f"/projeng/projects/{project.pk}/"
    link = page.locator("#toast-link")
    expect(link).to_have_attribute("href", address)
    link.hover()
    project.assigned_engineers.remove(engineer)
    expect(link).to_have_attribute("href", "/projeng/notifications/")
    other = browse(site).open(head, "/dashboard/")
    until_state(other, "live")
    inbox.send([head], "About the court", project)
    _toast(other, "About the court")
    other.locator("#toast-link").click()
    expect(other).to_have_url(re.compile(f"{address}$"))


def test_the_badge_ends_at_99_and_its_name_tells_the_exact_number(site, browse, head):
    Notification.objects.unannounced().bulk_create(Notification(recipient=head, message="News") for _ in range(1_233))
    page = browse(site).open(head, "/dashboard/")
    until_state(page, "live")
    inbox.send([head], "One more")
    expect(page.locator("#notification-exact")).to_have_text("1,234")
    expect(page.locator("#notification-count")).to_have_text("99+")
    expect(page.get_by_role("link", name="Notifications, unread: 1,234", exact=True)).to_be_visible()
    inbox.mark_read(head)
    expect(page.locator("#notification-count")).to_be_hidden()
    expect(page.get_by_role("link", name="Notifications, unread: 0", exact=True)).to_be_visible()


def test_the_connections_time_is_that_of_the_office_wherever_the_browser_is(site, browse, head):
    page = browse(site).open(head, "/dashboard/", timezone_id="America/New_York")
    until_state(page, "live")
    text = until(
        page, lambda: re.search(r"since (.+?)\.", page.locator("#connection-about").text_content() or ""), "it"
    )
    now = datetime.now(UTC).astimezone(ZoneInfo("Asia/Manila"))
    shown = datetime.strptime(text[1], "%I:%M %p").replace(year=now.year, month=now.month, day=now.day)
    assert abs((shown.replace(tzinfo=now.tzinfo) - now).total_seconds()) % 86_400 < 180
