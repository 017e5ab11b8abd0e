"""What people do with their devices while a WebSocket is in use: many tabs, sleep, trains, ways back, signing out."""

import contextlib
import re
import time
from collections import Counter
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from projeng import inbox
from projeng.access import Role
from projeng.models import Project
from tests.support.people import person, session_cookie
from tests.support.site import ROOT

from .support import Browsing, expect_unread, launch, until, until_state
from .test_connection import ALONE, LOOK
from .witness import Work, handled_at, moved, newest, status, tab, until_live, watched, whole

pytestmark = pytest.mark.timeout(150)
SCREENS = ROOT / "reports" / "screens"
HAND_OVER = 2.0  # seconds until a tab that is closed is replaced
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}


@pytest.fixture
def head(socket_site):
    return person(Role.HEAD)


@pytest.fixture
def work(head):
    return Work(Project.objects.create(name="River park", barangay="Madaum", project_cost=9_000_000), head)


def _now(page: Page) -> float:
    return page.evaluate("Date.now()") / 1000


@pytest.mark.alone  # twenty tabs work at once, and the hand-over is timed
def test_twenty_tabs_share_a_socket_and_then_a_stream(socket_site, browse, head, work, record_property):
    """Each tab has every event while the connection moves below them, and when the tab that holds it closes."""
    browsing = browse(socket_site)
    context = watched(browsing, head)
    streams: list[str] = []
    context.on("request", lambda request: streams.append(request.url) if "/realtime/events/" in request.url else None)
    tabs = [tab(browsing, context, "/accounts/profile/") for _ in range(20)]
    for page in tabs:
        until_live(page, "websocket")
    work()
    work()
    whole(head, *tabs)
    assert sum(page.evaluate("witness.sockets.length") for page in tabs) == 1
    [leader] = [page for page in tabs if status(page, "leader")]
    tabs.remove(leader)
    leader.close()
    closed = time.time()
    inbox.send([head], "Who holds it now?")
    whole(head, *tabs)
    [leader] = [page for page in tabs if status(page, "leader")]
    seconds = handled_at(leader, newest(leader)) - closed
    record_property("handed over", round(seconds, 2))
    assert seconds < HAND_OVER
    assert sum(page.evaluate("witness.sockets.length") for page in tabs) == 1  # and the one of the tab that is closed
    until_live(tabs[-1], "websocket")
    sockets = "delete globalThis.WebSocket; dispatchEvent(new Event('offline')); dispatchEvent(new Event('online'));"
    leader.evaluate(sockets)
    work.during(leader, lambda: status(leader, "transport") == "sse", "it is live by SSE")
    work()
    whole(head, *tabs)
    assert {status(page, "transport") for page in tabs} == {"sse"}
    assert len(streams) == 1


@pytest.mark.parametrize("which", ["leader", "follower"])
def test_a_tab_that_is_frozen_lets_go_and_catches_up_when_it_thaws(socket_site, browse, head, work, which):
    asleep, awake = _two_tabs(browse(socket_site), head, which)
    # A browser freezes only what nobody looks at, and without a screen it takes all tabs for seen: so the event alone.
    asleep.evaluate(LOOK, False)
    asleep.evaluate("document.dispatchEvent(new Event('freeze'))")
    before = asleep.evaluate("witness.handled")
    for _ in range(6):
        work()
    whole(head, awake)
    assert status(awake, "leader")
    assert asleep.evaluate("witness.handled") == before
    asleep.evaluate("document.dispatchEvent(new Event('resume'))")
    asleep.evaluate(LOOK, True)
    _both_have_everything(head, work, asleep, awake)


@pytest.mark.parametrize("which", ["leader", "follower"])
def test_a_tab_that_stops_without_a_word_catches_up_when_it_goes_on(socket_site, browse, head, work, which):
    """Its scripts stand still, in the middle of whatever they did: the other tab takes over what it held."""
    asleep, awake = _two_tabs(browse(socket_site), head, which)
    session = asleep.context.new_cdp_session(asleep)
    session.send("Debugger.enable")
    session.send("Debugger.pause")
    work.during(awake, lambda: status(awake, "leader"), "the other tab holds the connection")
    whole(head, awake)
    session.send("Debugger.disable")
    _both_have_everything(head, work, asleep, awake)


def _two_tabs(browsing: Browsing, head: User, which: str) -> list[Page]:
    context = watched(browsing, head)
    tabs = [tab(browsing, context, "/dashboard/notifications/", "websocket") for _ in range(2)]
    return sorted(tabs, key=lambda page: status(page, "leader") is not (which == "leader"))


def _both_have_everything(head: User, work: Work, *tabs: Page) -> None:
    whole(head, *tabs)
    work()
    work()
    whole(head, *tabs)
    until(tabs[0], lambda: sum(status(page, "leader") for page in tabs) == 1, "one of them holds the connection")
    for page in tabs:
        until_live(page, "websocket")
        expect_unread(page, head.notifications.count())
        expect(page.locator("#notifications-list li")).to_have_count(min(50, head.notifications.count()))


def test_a_hidden_tab_hears_everything_and_shows_it_when_it_is_looked_at(socket_site, browse, head, work):
    browsing = browse(socket_site)
    page = tab(browsing, watched(browsing, head), "/dashboard/", "websocket")
    page.evaluate(LOOK, False)
    for _ in range(4):
        work()
    inbox.send([head], "The last of them")
    whole(head, page)
    assert page.locator("#toast-notification").is_hidden()
    _looked_at_again(page, head)
    assert page.evaluate("witness.sockets.length") == 1, "a tab among others keeps the connection while it is hidden"


def test_a_hidden_tab_of_a_browser_without_locks_lets_go_of_its_socket(socket_site, browse, head, work):
    browsing = browse(socket_site)
    page = tab(browsing, watched(browsing, head, ALONE), "/dashboard/", "websocket")
    page.evaluate(LOOK, False)
    until(page, lambda: not status(page, "leader"), "it lets go")
    for _ in range(4):
        work()
    inbox.send([head], "The last of them")
    _looked_at_again(page, head)
    assert page.evaluate("witness.sockets.length") == 2


def _looked_at_again(page: Page, head: User) -> None:
    page.evaluate(LOOK, True)
    expect(page.locator("#toast-message")).to_contain_text("The last of them")
    expect_unread(page, head.notifications.count())
    whole(head, page)
    until_live(page, "websocket")


def test_without_a_network_the_page_says_so_and_is_back_at_once_with_it(
    socket_site, browse, head, work, record_property
):
    browsing = browse(socket_site)
    context = watched(browsing, head)
    tabs = [tab(browsing, context, "/dashboard/", "websocket") for _ in range(2)]
    context.set_offline(True)
    for page in tabs:
        until_state(page, "offline")
        expect(page.locator("#connection")).to_have_text("Offline")
    for _ in range(4):
        work()
    back = _now(tabs[0])
    context.set_offline(False)
    for page in tabs:
        until_live(page, "websocket")
    seconds = moved(tabs[0], "websocket", back) - back
    record_property("back on line", round(seconds, 2))
    assert seconds < 2
    work()
    whole(head, *tabs)


def test_signing_out_in_another_tab_is_said_in_all_and_ends_the_asking(socket_site, browse, head, work):
    browsing = browse(socket_site)
    context = watched(browsing, head)
    tabs = [tab(browsing, context, "/dashboard/", "websocket") for _ in range(3)]
    work()
    whole(head, *tabs)
    going = next(page for page in tabs if not status(page, "leader"))
    tabs.remove(going)
    going.locator("details.account summary").click()
    going.get_by_role("button", name="Sign out").click()
    expect(going).to_have_url(f"{socket_site.url}/accounts/login/")
    asked: list[str] = []
    for page in tabs:
        until_state(page, "signed-out")
        expect(page.locator("#connection a")).to_have_text("Signed out: sign in again")
        expect(page.locator("#connection-transport")).to_have_text("")
        page.on("request", lambda request: asked.append(request.url) if "/realtime/" in request.url else None)
        page.on("websocket", lambda socket: asked.append(socket.url))
    work()
    tabs[0].wait_for_timeout(4_000)  # longer than the first tries of a connection that is not over
    # Those that were about to fetch themselves make sure once, and what was left to report is refused.
    names = Counter(urlsplit(url).path.split("/")[-2] for url in asked)
    assert set(names) <= {"status", "receipts"}
    assert names["status"] <= len(tabs)
    assert names["receipts"] <= 1
    # Signed in again elsewhere, all come back when one is looked at, with what was missed.
    name, _, value = session_cookie(head).partition("=")
    context.add_cookies([{"name": name, "value": value, "url": socket_site.url}])
    tabs[0].evaluate(LOOK, False)
    tabs[0].evaluate(LOOK, True)
    for page in tabs:
        until_live(page, "websocket")
    whole(head, *tabs)


def test_somebody_else_who_signs_in_gets_nothing_into_the_first_ones_pages(socket_site, browse, head, work):
    """The session in the cookies is another person's by now, and the first one's is over."""
    engineer = person(Role.ENGINEER)
    browsing = browse(socket_site)
    context = watched(browsing, head)
    tabs = [tab(browsing, context, "/dashboard/", "websocket") for _ in range(2)]
    work()
    whole(head, *tabs)
    keys = [cookie["value"] for cookie in context.cookies()]
    name, _, value = session_cookie(engineer).partition("=")
    context.add_cookies([{"name": name, "value": value, "url": socket_site.url}])
    Session.objects.filter(session_key__in=keys).delete()
    inbox.send([engineer], "For the engineer alone")
    theirs = tab(browsing, context, "/projeng/notifications/", "websocket")
    inbox.send([engineer], "For the engineer, too")
    whole(engineer, theirs)
    for page in tabs:
        until_state(page, "other-user")
        expect(page.locator("#connection a")).to_have_text("Somebody else signed in: load again")
        whole(head, page)
        expect_unread(page, head.notifications.count())


@pytest.fixture
def caching(browser, socket_site):
    """Pages in a browser that keeps those one leaves for the way back; Playwright's usual one does not."""
    with contextlib.closing(launch(browser.browser_type, ignore_default_args=["--disable-back-forward-cache"])) as own:
        browsing = Browsing(own, socket_site)
        yield browsing
        assert browsing.problems == []


def test_the_way_back_and_forth_leads_to_pages_that_have_everything(caching, head, work):
    context = watched(caching, head)
    page = tab(caching, context, "/dashboard/", "websocket")
    page.evaluate("addEventListener('pageshow', (event) => { globalThis.kept = event.persisted; })")
    page.goto("/accounts/profile/")
    until_live(page, "websocket")
    for go, address in ((page.go_back, "/dashboard/"), (page.go_forward, "/profile/"), (page.go_back, "/dashboard/")):
        work()
        inbox.send([head], "Meanwhile")
        go(wait_until="commit")
        expect(page).to_have_url(re.compile(address))
        until_live(page, "websocket")
        work()
        whole(head, page)
        expect_unread(page, head.notifications.count())
    assert page.evaluate("globalThis.kept"), "the browser did not keep the page, so this proves less than it says"


def test_on_a_phone_everything_can_be_seen_and_the_connection_explains_itself(socket_site, browse, head, work):
    project = Project.objects.create(name="Concreting of Purok 5 road", barangay="Apokon", project_cost=9_000_000)
    browsing = browse(socket_site)
    page = tab(browsing, watched(browsing, head, reduced_motion="reduce", **PHONE), "/dashboard/", "websocket")
    project.status = "completed"
    project.save()
    expect(page.locator(f'[data-project-id="{project.pk}"] .status-badge').first).to_have_text("Completed")
    inbox.send([head], "A message that is long enough to take more than one line on a phone. " * 2)
    expect(page.locator("#toast-message")).to_contain_text("more than one line")
    expect(page.locator("#toast-notification")).to_be_in_viewport(ratio=1)
    expect(page.locator("#notification-bell")).to_be_in_viewport(ratio=1)
    page.locator("#connection-more summary").tap()
    expect(page.locator("#connection-about")).to_be_in_viewport(ratio=1)
    expect(page.locator("#connection-about")).to_contain_text("by WebSocket")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    _picture(page, "connection-live-phone")
    page.context.set_offline(True)
    until_state(page, "offline")
    expect(page.locator("#connection")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    _picture(page, "connection-offline-phone")
    page.context.set_offline(False)
    until_live(page, "websocket")
    work()
    whole(head, page)


def _picture(page: Page, name: str) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=SCREENS / f"{name}-{scheme}.png")
