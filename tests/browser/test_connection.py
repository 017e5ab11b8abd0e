"""The page's connection: what it says of itself, and that nothing is lost however it breaks."""

import itertools
import time
from collections import Counter

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from projeng import inbox
from projeng.access import Role
from projeng.models import Project
from tests.support.log import logged
from tests.support.people import person, session_cookie
from tests.support.site import Site, running_on

from .support import FAILED_REQUESTS, NO_SPREAD, Browsing, connection_state, launch, unread, until, until_state

pytestmark = pytest.mark.timeout(150)
STREAM = "**/api/realtime/events/**"
POLL = "**/api/realtime/poll/**"
# Collects the ids of the events that the page hands out, whatever it does with them.
COLLECT = """
globalThis.handled = [];
const receive = (frame) => frame.id !== undefined && handled.push(frame.id);
const timer = setInterval(() => {
  if (!globalThis.realtimeManager) return;
  clearInterval(timer);
  realtimeManager.connectNotifications(receive);
}, 1);
"""
# When the page has asked for a stream, in seconds, by its own clock: on a busy machine this process is told late.
TRIES = """performance.getEntriesByType("resource").filter(({ name }) => name.includes("/events/"))
  .map(({ startTime }) => startTime / 1000)"""
# Tells the page that nobody looks at it, as another tab in front of it would.
LOOK = """(looked) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => !looked });
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => looked ? "visible" : "hidden" });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
TRANSPORT = "realtimeManager.getStatus().transport"
# A browser that lacks what tabs need to share a connection: each that is looked at has one of its own.
ALONE = "delete Navigator.prototype.locks;"
shared_or_alone = pytest.mark.parametrize("script", ["", ALONE], ids=["shared", "alone"])


site = running_on("gunicorn-sqlite")
both_servers = pytest.mark.parametrize("site", ["gunicorn-sqlite", "daphne-postgres"], indirect=True)


@pytest.fixture
def head(site):
    return person(Role.HEAD)


def _requests(page: Page, part: str) -> list[str]:
    """The addresses that the page asks for from now on, of those that hold ``part``."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if part in request.url else None)
    return asked


@both_servers
def test_the_names_that_scripts_know(site, browse, head):
    page = browse(site).open(head, "/dashboard/")
    until_state(page, "live")
    expect(page.locator("#connection")).to_have_text("Live")
    names = ["connectNotifications", "connectDashboard", "connectProjects", "disconnect"]
    assert page.evaluate("(names) => names.map((name) => typeof realtimeManager[name])", names) == ["function"] * 4
    loaded = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    address = next(name for name in loaded if "/js/realtime" in name)
    exported = "async (url) => (await import(url)).RealtimeManager === realtimeManager.constructor"
    assert page.evaluate(exported, address)
    collected = """(names) => { globalThis.frames_ = {}; for (const name of names)
      realtimeManager[name]((frame) => (frames_[name] ??= []).push(frame.type)); }"""
    page.evaluate(collected, names[:3])
    Project.objects.create(name="Library", barangay="Apokon")
    seen = until(page, lambda: (seen := page.evaluate("frames_")) and len(seen) == 3 and seen, "all three are called")
    assert "notification" in seen["connectNotifications"]
    assert set(seen["connectDashboard"]) == {"dashboard_update"}
    until(page, lambda: "project_created" in page.evaluate("frames_.connectProjects"), "the project's event")
    asked = _requests(page, "/events/")
    page.evaluate("realtimeManager.disconnect()")
    inbox.send([head], "Not heard")
    page.wait_for_timeout(2_500)
    assert asked == []
    assert "Not heard" not in page.locator("#toast-message").inner_text()


@pytest.mark.parametrize("server", ["gunicorn", "daphne"])
def test_a_server_that_dies_and_comes_back_costs_no_event(
    server, browse, on_database, new_database, static_root, scratch
):
    """Killed, so that nobody says goodbye; what happens meanwhile is all there afterwards, each thing once."""
    url = new_database("sqlite")
    on_database(url)
    head = person(Role.HEAD)
    port = 0
    with Site(scratch, url, server, STATIC_ROOT=static_root) as first:
        port = first.port
        browsing = browse(first)
        context = browsing.browser_of(head)
        context.add_init_script(COLLECT)
        page = browsing.tab(context, "/dashboard/notifications/", tolerate=[FAILED_REQUESTS])
        until_state(page, "live")
        page.evaluate("window.opened = true")
        inbox.send([head], "Before")
        until(page, lambda: unread(page) == 1, "the first arrives")
    until_state(page, "reconnecting")
    expect(page.locator("#connection")).to_have_text("Reconnecting")
    for number in range(5):
        inbox.send([head], f"Meanwhile {number}")
        page.wait_for_timeout(200)
    inbox.mark_read(head, head.notifications.first().pk)
    page.wait_for_timeout(3_000)
    assert connection_state(page) == "reconnecting"
    with Site(scratch, url, server, STATIC_ROOT=static_root, PORT=str(port)):
        inbox.send([head], "While it starts")
        until_state(page, "live", 45)
        until(page, lambda: unread(page) == 6, "seven came, one of them was read")
        inbox.send([head], "After")
        until(page, lambda: unread(page) == 7, "the last arrives")
        expect(page.locator("#notifications-list li")).to_have_count(8)
        until(page, lambda: max(page.evaluate("handled")) >= logged().latest("pk").pk, "the last is handled")
        handled = page.evaluate("handled")
        assert Counter(handled) == Counter(
            logged().filter(type__startswith="notification").values_list("pk", flat=True)
        )
        assert page.evaluate("window.opened")
        page.close()


@both_servers
def test_signing_out_in_another_tab_is_said_and_ends_the_asking(site, browse, head):
    browsing = browse(site)
    context = browsing.browser_of(head)
    page = browsing.tab(context, "/projeng/projects/?status=planned", tolerate=[FAILED_REQUESTS])
    other = browsing.tab(context, "/dashboard/", tolerate=[FAILED_REQUESTS])
    until_state(page, "live")
    other.locator("details.account summary").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other).to_have_url(f"{site.url}/accounts/login/")
    until_state(page, "signed-out")
    link = page.locator("#connection a")
    expect(link).to_have_text("Signed out: sign in again")
    assert link.get_attribute("href") == "/accounts/login/?next=%2Fprojeng%2Fprojects%2F%3Fstatus%3Dplanned"
    asked = _requests(page, "/realtime/")
    page.wait_for_timeout(4_000)
    assert asked == []
    # Signed in again there, this tab comes back when somebody looks at it.
    name, _, value = session_cookie(head).partition("=")
    context.add_cookies([{"name": name, "value": value, "url": site.url}])
    page.evaluate(LOOK, False)
    page.evaluate(LOOK, True)
    until_state(page, "live")


def test_somebody_else_in_the_same_browser_is_not_shown_in_the_first_ones_page(site, browse, head):
    engineer = person(Role.ENGINEER)
    for number in range(3):
        inbox.send([engineer], f"For the engineer {number}")
    browsing = browse(site)
    context = browsing.browser_of(head)
    page = browsing.tab(context, "/dashboard/", tolerate=[FAILED_REQUESTS])
    until_state(page, "live")
    first = context.cookies()
    name, _, value = session_cookie(engineer).partition("=")
    context.add_cookies([{"name": name, "value": value, "url": site.url}])
    session_key = next(cookie["value"] for cookie in first if cookie["name"] == name)
    Session.objects.get(session_key=session_key).delete()
    until_state(page, "other-user")
    expect(page.locator("#connection a")).to_have_text("Somebody else signed in: load again")
    assert unread(page) == 0


def test_a_refused_stream_is_tried_again_when_the_server_said_until_a_slot_is_free(
    browse, on_database, new_database, static_root, scratch
):
    url = new_database("sqlite")
    on_database(url)
    head = person(Role.HEAD)
    with Site(scratch, url, STATIC_ROOT=static_root, SSE_MAX_STREAMS="1") as site:
        browsing = browse(site)
        holder = browsing.open(head, "/dashboard/")
        until_state(holder, "live")
        page = browsing.tab(browsing.browser_of(head), "/dashboard/", tolerate=[FAILED_REQUESTS])
        # Meanwhile it asks every few seconds.
        until_state(page, "live")
        assert page.evaluate(TRANSPORT) == "poll"
        inbox.send([head], "To whoever asks")
        until(page, lambda: unread(page) == 1, "the bell knows")
        tries = until(page, lambda: len(tries := page.evaluate(TRIES)) >= 3 and tries, "several tries", 40)
        waits = [later - earlier for earlier, later in itertools.pairwise(tries)]
        assert all(wait >= 2.9 for wait in waits), waits  # Retry-After is 3 to 10
        holder.close()
        until(page, lambda: page.evaluate(TRANSPORT) == "sse", "the slot is free", 40)
        browsing.close()


def test_an_event_between_rendering_and_connecting_is_not_missed(site, browse, head):
    browsing = browse(site)
    page = browsing.tab(browsing.browser_of(head))
    held = []
    page.route("**/js/page*.js", lambda route: held.append(route))
    page.goto("/dashboard/notifications/", wait_until="commit")
    until(page, lambda: held, "the script is asked for")
    expect(page.locator("main")).to_contain_text("No notifications.")
    inbox.send([head], "In between")
    page.wait_for_timeout(500)
    assert unread(page) == 0
    held[0].continue_()
    until(page, lambda: unread(page) == 1, "the bell knows")
    expect(page.locator("#notifications-list")).to_contain_text("In between")
    expect(page.locator("#toast-message")).to_have_text("In between")


def test_a_page_that_returns_from_the_back_forward_cache_catches_up(site, browse, head):
    page = browse(site).open(head, "/dashboard/")
    until_state(page, "live")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    asked = _requests(page, "/events/")
    inbox.send([head], "While it was away")
    page.wait_for_timeout(3_000)
    assert unread(page) == 0
    assert asked == [], "a page in the cache must not hold a connection"
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    until(page, lambda: unread(page) == 1, "the bell knows")
    expect(page.locator("#toast-message")).to_have_text("While it was away")


@pytest.fixture
def caching(browser, site):
    """Pages in a browser that keeps those one leaves for the way back; Playwright's usual one does not."""
    keeping = launch(browser.browser_type, ignore_default_args=["--disable-back-forward-cache"])
    browsing = Browsing(keeping, site)
    yield browsing
    keeping.close()
    assert browsing.problems == []


def _leave_and_go_back(page: Page, meanwhile) -> None:
    page.evaluate("addEventListener('pageshow', (event) => { globalThis.kept = event.persisted; })")
    page.goto("/accounts/profile/")
    until_state(page, "live")
    meanwhile()
    page.go_back(wait_until="commit")


def test_the_way_back_leads_to_a_page_that_catches_up(site, caching, head):
    page = caching.open(head, "/dashboard/", tolerate=[FAILED_REQUESTS])
    until_state(page, "live")
    _leave_and_go_back(page, lambda: inbox.send([head], "While it was away"))
    until(page, lambda: unread(page) == 1, "the bell knows")
    assert page.evaluate("globalThis.kept"), "the browser did not keep the page, so this proves nothing"
    until_state(page, "live")


def test_the_way_back_after_signing_out_shows_nothing_of_the_person(site, caching, head):
    page = caching.open(head, "/dashboard/", tolerate=[FAILED_REQUESTS])
    until_state(page, "live")
    keys = [cookie["value"] for cookie in page.context.cookies()]
    _leave_and_go_back(page, lambda: Session.objects.filter(session_key__in=keys).delete())
    expect(page).to_have_url(f"{site.url}/accounts/login/?next=/dashboard/")


@shared_or_alone
def test_a_hidden_tab_fetches_nothing_until_it_is_seen(site, browse, head, script):
    project = Project.objects.create(name="Day-care centre", barangay="Apokon")
    browsing = browse(site)
    context = browsing.browser_of(head)
    context.add_init_script(script)
    page = browsing.tab(context, "/dashboard/")
    until_state(page, "live")
    page.evaluate(LOOK, False)
    page.wait_for_timeout(2_200)
    asked = _requests(page, site.url)
    project.status = "completed"
    project.save()
    page.wait_for_timeout(3_000)
    assert [url for url in asked if "/receipts/" not in url] == []  # what it got before may still be told
    page.evaluate(LOOK, True)
    expect(page.locator(f'[data-project-id="{project.pk}"] .status-badge')).to_have_text("Completed")
    expect(page.locator("[data-region=recent-activity]")).to_contain_text("Status changed from Planned to Completed")


def test_a_page_that_is_hidden_with_a_fetch_due_does_not_fetch(site, browse, head):
    project = Project.objects.create(name="River park", barangay="Apokon")
    context = browse(site).browser_of(head)
    context.add_init_script("Math.random = () => 0.99;")  # the fetch comes as late as it may: after 2.5 s
    page = context.new_page()
    page.goto("/dashboard/")
    until_state(page, "live")
    project.status = "completed"
    project.save()
    badge = page.locator(f'[data-project-id="{project.pk}"] .status-badge')
    expect(badge).to_have_text("Completed")  # the event is here
    asked = _requests(page, "/dashboard/")
    page.evaluate(LOOK, False)
    page.wait_for_timeout(4_000)
    assert [url for url in asked if "realtime" not in url] == []
    page.evaluate(LOOK, True)
    expect(page.locator("[data-region=recent-activity]")).to_contain_text("Status changed from Planned to Completed")


def test_a_seventh_tab_works_over_http_1(site, browse, head):
    """Six connections to a host are all that a browser opens: tabs that nobody looks at must leave them alone."""
    browsing = browse(site)
    context = browsing.browser_of(head)
    context.add_init_script(ALONE)
    for _ in range(6):
        tab = browsing.tab(context, "/accounts/profile/")
        until_state(tab, "live")
        tab.evaluate(LOOK, False)
    page = browsing.tab(context, "/dashboard/")
    until_state(page, "live")
    inbox.send([head], "To whoever looks")
    until(page, lambda: unread(page) == 1, "the seventh tab hears")


def test_a_tab_opened_in_the_background_connects_when_it_is_looked_at(site, browse, head):
    browsing = browse(site)
    context = browsing.browser_of(head)
    context.add_init_script(f"{ALONE} ({LOOK})(false)")
    page = browsing.tab(context)
    asked = _requests(page, "/events/")
    page.goto("/dashboard/")
    inbox.send([head], "Come and look")
    page.wait_for_timeout(2_000)
    assert asked == []
    page.evaluate(LOOK, True)
    until_state(page, "live")
    until(page, lambda: unread(page) == 1, "the bell knows")


def test_a_stream_that_is_held_back_on_the_way_is_noticed_and_the_page_moves_all_the_same(site, browse, head):
    """A proxy that buffers: the connection is there, nothing comes. The page says so and looks for itself."""
    browsing = browse(site)
    context = browsing.browser_of(head)
    context.add_init_script(NO_SPREAD)
    page = browsing.tab(context, tolerate=[FAILED_REQUESTS])
    page.clock.install()
    for address in (STREAM, POLL):
        page.route(address, lambda route: None)  # never answered
    page.goto("/dashboard/")
    page.wait_for_timeout(500)
    assert connection_state(page) == "connecting"
    page.clock.run_for(21_000)
    until_state(page, "reconnecting")
    project = Project.objects.create(name="Sports complex", barangay="Apokon")
    page.clock.run_for(40_000)
    expect(page.locator(f'[data-project-id="{project.pk}"]')).to_be_attached()
    until(page, lambda: unread(page) == 1, "the bell comes with the page")
    page.clock.resume()
    page.unroute_all(behavior="ignoreErrors")


def test_a_server_whose_pages_fail_is_asked_ever_more_slowly(site, browse, head):
    browsing = browse(site)
    context = browsing.browser_of(head)
    context.add_init_script("Math.random = () => 0.5;")
    # What is filtered is not sent to everybody, so its page is fetched.
    page = browsing.tab(context, "/projeng/projects/?status=planned", tolerate=[FAILED_REQUESTS])
    until_state(page, "live")
    tries: list[float] = []

    def fail(route) -> None:
        tries.append(time.monotonic())
        route.fulfill(status=500, body="Sorry")

    page.route("**/projeng/projects/?status=planned", fail)
    Project.objects.create(name="Second market", barangay="Apokon")
    until(page, lambda: len(tries) >= 3, "several tries", 40)
    waits = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert all(wait >= least for wait, least in zip(waits, (1.9, 2.9), strict=False)), waits
    page.unroute_all(behavior="ignoreErrors")
    # Who comes back to the tab does not wait for the next try.
    page.evaluate(LOOK, False)
    page.evaluate(LOOK, True)
    expect(page.locator("[data-region=project-list]")).to_contain_text("Second market", timeout=3_000)


def test_a_cursor_that_the_log_no_longer_knows_loads_the_page_again_in_place(site, browse, head):
    browsing = browse(site)
    page = browsing.tab(browsing.browser_of(head))
    held = []
    page.route("**/js/page*.js", lambda route: held.append(route))
    page.goto("/dashboard/", wait_until="commit")
    until(page, lambda: held, "the script is asked for")
    page.evaluate("document.documentElement.dataset.cursor = '999999999'")
    project = Project.objects.create(name="City hall renovation", barangay="Apokon")
    held[0].continue_()
    until_state(page, "live")
    expect(page.locator(f'[data-project-id="{project.pk}"]')).to_be_attached()
    assert int(page.evaluate("realtimeManager.cursor")) <= logged().latest("pk").pk
    inbox.send([head], "And on it goes")
    expect(page.locator("#toast-message")).to_contain_text("And on it goes")
