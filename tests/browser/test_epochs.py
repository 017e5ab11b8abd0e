"""Pages while events wait for their places, and when the history that they have read is lost."""

import pytest
from django.core.management import call_command
from django.db import connection
from playwright.sync_api import Page, expect

from projeng import inbox
from projeng.access import Role
from projeng.models import Notification, Project
from realtime.log import replay
from realtime.log.models import LogEpoch, OutboxEvent
from realtime.log.numbering_postgresql import LOG_LOCK
from tests.support.people import person
from tests.support.site import running_on

from .support import unread, until, until_state

pytestmark = pytest.mark.timeout(150)
# Every text that the page's toast has shown.
COLLECT_TOASTS = """
globalThis.toasts = [];
document.addEventListener("DOMContentLoaded", () => {
  const message = document.getElementById("toast-message");
  if (message) new MutationObserver(() => toasts.push(message.textContent)).observe(message, { childList: true });
});
"""

site = running_on("daphne-postgres")


@pytest.fixture
def head(site):
    return person(Role.HEAD, first_name="Maria", last_name="Santos")


@pytest.fixture
def project(head):
    return Project.objects.create(name="Covered court", barangay="Apokon", project_cost=1_000_000, status="in_progress")


def caught_up(page: Page) -> None:
    newest = replay.head()
    until(page, lambda: int(page.evaluate("realtimeManager.cursor") or 0) >= newest, f"{page.url} is at {newest}")


def rows(page: Page) -> list[str]:
    ids = "(items) => items.map((item) => item.dataset.notificationId)"
    return page.eval_on_selector_all("#notifications-list li", ids)


def test_while_numbering_is_held_what_is_saved_is_on_the_next_page_and_no_news(site, browse, head, project, postgres):
    """The page keeps the older cursor, so the events of what it shows follow once they have their places."""
    other = person(Role.HEAD)
    replay.head()
    browsing = browse(site)
    ours = browsing.browser_of(head)
    ours.add_init_script(COLLECT_TOASTS)
    theirs = browsing.open(other, "/dashboard/")
    until_state(theirs, "live")
    form = browsing.open(person(Role.HEAD), f"/projeng/projects/{project.pk}/edit/")
    page = browsing.tab(ours, "/accounts/profile/")
    before = unread(page)
    with postgres.transaction(connection.settings_dict["NAME"], f"SELECT pg_advisory_xact_lock({LOG_LOCK})"):
        form.get_by_label("Name", exact=True).fill("Covered court of Apokon")
        form.get_by_role("button", name="Save").click()
        expect(form.locator("h1")).to_contain_text("Covered court of Apokon")
        page.goto("/dashboard/notifications/")
        until_state(page, "live")
        assert OutboxEvent.objects.filter(person_id=head.pk).exists(), "its event waits"
        assert unread(page) == before + 1
        expect(page.locator("#notifications-list li").first).to_contain_text("Covered court of Apokon")
        shown = rows(page)
        assert page.evaluate("document.documentElement.dataset.earlyNotifications") == shown[0]
    caught_up(page)
    expect(theirs.locator("#toast-message")).to_contain_text("Covered court of Apokon")  # to another head it is news
    assert unread(page) == before + 1
    assert rows(page) == shown
    assert len(shown) == len(set(shown)) == Notification.objects.filter(recipient=head).count()
    inbox.send([head], "After it")
    caught_up(page)
    expect(page.locator("#toast-message")).to_have_text("After it")
    expect(page.locator("#notifications-list li").first).to_contain_text("After it")
    assert unread(page) == before + 2
    assert page.evaluate("toasts") == ["After it"]


def test_pages_are_named_nothing_while_everything_has_its_place(site, browse, head, project):
    replay.head()
    page = browse(site).open(head, "/dashboard/notifications/")
    assert page.evaluate("'earlyNotifications' in document.documentElement.dataset") is False


@pytest.mark.own_site
def test_a_reset_loads_the_state_and_keeps_what_somebody_is_typing(site, browse, head, project):
    replay.head()
    browsing = browse(site)
    context = browsing.browser_of(head)
    detail = browsing.tab(context, f"/projeng/projects/{project.pk}/")
    form = browsing.tab(context, f"/projeng/projects/{project.pk}/costs/add/")
    for page in (detail, form):
        until_state(page, "live")
        page.evaluate("window.opened = true")
    detail.locator("#word-comment").evaluate("(field) => field.closest('details').open = true")
    detail.locator("#word-comment").fill("Half a senten")
    form.get_by_label("Amount").fill("12,34")
    with connection.cursor() as cursor:  # as after a restore: the state is another one, and no event tells of it
        cursor.execute("UPDATE projeng_project SET name = 'Court as it was' WHERE id = %s", [project.pk])
        cursor.execute(
            "INSERT INTO projeng_notification (recipient_id, message, is_read, created_at) "
            "VALUES (%s, 'Old', false, now())",
            [head.pk],
        )
    expected = Notification.objects.filter(recipient=head, is_read=False).count()
    call_command("new_epoch", "--all", verbosity=0)
    expect(detail.locator("h1")).to_contain_text("Court as it was")
    for page in (detail, form):
        until(page, lambda page=page: unread(page) == expected, "the badge is right")
        assert page.evaluate("window.opened"), "it was not loaded as a whole"
    assert detail.locator("#word-comment").input_value() == "Half a senten"
    assert form.get_by_label("Amount").input_value() == "12,34"
    assert form.evaluate("document.activeElement.name") == "amount"
    begins = LogEpoch.objects.latest("id").begins
    for page in (detail, form):
        until(page, lambda page=page: int(page.evaluate("realtimeManager.cursor") or 0) > begins, "it is in the epoch")
    form.keyboard.type("5")  # in a tab of the same browser: the keyboard's place has not moved
    assert form.get_by_label("Amount").input_value() == "12,345"
    inbox.send([head], "And on it goes")
    for page in (detail, form):
        expect(page.locator("#toast-message")).to_contain_text("And on it goes")
