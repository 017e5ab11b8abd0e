"""One connection for all tabs of a browser: it moves to another tab when its own closes, crashes or hangs."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from playwright.sync_api import BrowserContext, Error, Page, expect

from projeng import inbox
from projeng.access import Role
from tests.support.log import logged
from tests.support.people import person
from tests.support.site import Site

from .support import FAILED_REQUESTS, until, until_state

pytestmark = pytest.mark.timeout(180)
# Collects the ids of the events that the page hands out.
COLLECT = """
globalThis.handled = [];
const timer = setInterval(() => {
  if (!globalThis.realtimeManager) return;
  clearInterval(timer);
  realtimeManager.connectNotifications((frame) => frame.id !== undefined && handled.push(frame.id));
}, 1);
"""
NO_LOCKS = "delete Navigator.prototype.locks;"
# The page's only thread does nothing else for a while: no message is answered, no frame is read.
HANG = "(seconds) => { setTimeout(() => { const end = Date.now() + 1000 * seconds; while (Date.now() < end); }); }"


@pytest.fixture(scope="module")
def start(new_database, static_root, tmp_path_factory) -> Iterator[Callable[..., Site]]:
    """``start(server=..., NAME=...)``: a running site with this environment, which the tests here share."""
    with ExitStack() as stack:

        @cache
        def begin(server: str = "gunicorn", **environment: str) -> Site:
            folder, url = tmp_path_factory.mktemp("tabs"), new_database("sqlite")
            return stack.enter_context(Site(folder, url, server, STATIC_ROOT=static_root, **environment))

        yield begin


@pytest.fixture
def office(request, start, on_database) -> Site:
    """A site on which the test has a person of its own; the parameter is its environment."""
    site = start(**getattr(request, "param", {}))
    on_database(site.database_url)
    return site


@pytest.fixture
def head(office):
    return person(Role.HEAD)


both_transports = pytest.mark.parametrize(
    "office",
    [{"server": "gunicorn"}, {"server": "daphne", "USE_WEBSOCKETS": "true"}],
    indirect=True,
    ids=["sse", "websocket"],
)


def _status(page: Page, name: str):
    return page.evaluate("(name) => realtimeManager.getStatus()[name]", name)


def _tabs(browsing, context: BrowserContext, count: int, path: str = "/accounts/profile/") -> list[Page]:
    tabs = [browsing.tab(context, path, tolerate=[FAILED_REQUESTS]) for _ in range(count)]
    for tab in tabs:
        until_state(tab, "live")
    return tabs


def _leader(tabs: list[Page]) -> Page:
    leaders = [tab for tab in tabs if _status(tab, "leader")]
    assert len(leaders) == 1
    return leaders[0]


def _whole(tabs: list[Page], first: int) -> None:
    """Each of these tabs has handled every notification after the first id, once and in order."""
    events = logged().filter(type="notification", pk__gt=first)
    wanted = list(events.order_by("pk").values_list("pk", flat=True))
    for tab in tabs:
        until(tab, lambda tab=tab: tab.evaluate("handled").count(wanted[-1]), "the last event")
        assert tab.evaluate("handled") == wanted


def _newest() -> int:
    return logged().order_by("pk").values_list("pk", flat=True).last() or 0


# The server has one slot: a second stream would be refused, and its tab would be seen to poll.
@pytest.mark.parametrize("office", [{"SSE_MAX_STREAMS": "1"}], indirect=True, ids=["one-slot"])
def test_twenty_tabs_show_one_stream_on_the_server(office, browse, head):
    browsing = browse(office)
    context = browsing.browser_of(head)
    context.add_init_script(COLLECT)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url) if "/realtime/events/" in request.url else None)
    first = _newest()
    tabs = _tabs(browsing, context, 20)
    for number in range(3):
        inbox.send([head], f"To all tabs {number}")
    _whole(tabs, first)
    assert len(asked) == 1, asked
    assert {_status(tab, "transport") for tab in tabs} == {"sse"}
    assert Counter(_status(tab, "leader") for tab in tabs) == {True: 1, False: 19}
    expect(tabs[-1].locator("#connection")).to_have_text("Live")


@pytest.mark.quiet
@both_transports
def test_a_leader_that_closes_is_followed_within_two_seconds(office, browse, head):
    browsing = browse(office)
    context = browsing.browser_of(head)
    context.add_init_script(COLLECT)
    first = _newest()
    tabs = _tabs(browsing, context, 4)
    while len(tabs) > 1:
        leader = _leader(tabs)
        tabs.remove(leader)
        inbox.send([head], "Before")
        leader.close()
        closed = time.monotonic()
        inbox.send([head], "After")
        wanted = _newest()
        until(tabs[0], lambda wanted=wanted: wanted in tabs[0].evaluate("handled"), "it hears of it", 5)
        assert time.monotonic() - closed < 2
        _whole(tabs, first)
        until(tabs[0], lambda: sum(_status(tab, "leader") for tab in tabs) == 1, "one leads")


def test_a_leader_that_crashes_is_followed_at_once(office, browse, head):
    browsing = browse(office)
    context = browsing.browser_of(head)
    context.add_init_script(COLLECT)
    first = _newest()
    tabs = _tabs(browsing, context, 3)
    leader = _leader(tabs)
    tabs.remove(leader)
    crashed: list[Page] = []
    leader.on("crash", lambda page: crashed.append(page))
    _crash(context, leader)
    until(tabs[0], lambda: crashed, "it crashes")
    inbox.send([head], "Nobody said goodbye")
    _whole(tabs, first)
    assert sum(_status(tab, "leader") for tab in tabs) == 1


def _crash(context: BrowserContext, page: Page) -> None:
    with contextlib.suppress(Error):  # there is nobody left to answer
        context.new_cdp_session(page).send("Page.crash", timeout=1_000)


def test_a_leader_that_hangs_is_robbed_and_listens_again_when_it_is_back(office, browse, head):
    browsing = browse(office)
    context = browsing.browser_of(head)
    context.add_init_script(COLLECT)
    first = _newest()
    tabs = _tabs(browsing, context, 3)
    leader = _leader(tabs)
    others = [tab for tab in tabs if tab is not leader]
    leader.evaluate(HANG, 14)
    inbox.send([head], "While it hangs")
    _whole(others, first)
    until(others[0], lambda: sum(_status(tab, "leader") for tab in others) == 1, "another leads")
    # It comes back, and is one of the others.
    inbox.send([head], "When it is back")
    _whole(tabs, first)
    until(leader, lambda: not _status(leader, "leader"), "it leads no more")
    inbox.send([head], "And on it goes")
    _whole(tabs, first)
    assert sum(_status(tab, "leader") for tab in tabs) == 1


def test_a_leader_that_is_frozen_lets_go_and_catches_up_when_it_thaws(office, browse, head):
    browsing = browse(office)
    context = browsing.browser_of(head)
    context.add_init_script(COLLECT)
    first = _newest()
    tabs = _tabs(browsing, context, 2)
    leader = _leader(tabs)
    other = next(tab for tab in tabs if tab is not leader)
    # A browser freezes only what nobody looks at, and here all tabs are in sight: so the event alone.
    leader.evaluate("document.dispatchEvent(new Event('freeze'))")
    inbox.send([head], "While it is frozen")
    _whole([other], first)
    assert _status(other, "leader")
    leader.evaluate("document.dispatchEvent(new Event('resume'))")
    _whole(tabs, first)
    assert _status(other, "leader")


def test_a_browser_without_locks_has_a_connection_for_each_tab(office, browse, head):
    browsing = browse(office)
    context = browsing.browser_of(head)
    context.add_init_script(NO_LOCKS + COLLECT)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url) if "/realtime/events/" in request.url else None)
    first = _newest()
    tabs = _tabs(browsing, context, 3)
    inbox.send([head], "To each by itself")
    _whole(tabs, first)
    assert len(asked) == 3
    assert all(_status(tab, "leader") for tab in tabs)
    # Each asks for what it shows, and no more.
    assert all("topics=notifications%2Cprojects" in url for url in asked), asked


@both_transports
def test_what_is_read_in_one_tab_is_read_in_all(office, browse, head):
    for number in range(3):
        inbox.send([head], f"Message {number}")
    browsing = browse(office)
    context = browsing.browser_of(head)
    page, other = _tabs(browsing, context, 2, "/dashboard/notifications/")
    page.get_by_role("button", name="Mark as read: Message 1").click()
    for tab in (page, other):
        expect(tab.locator("#notification-count")).to_have_text("2")
    other.get_by_role("button", name="Mark all as read").click()
    for tab in (page, other):
        expect(tab.locator("#notification-count")).to_be_hidden()


def test_a_toast_that_was_shown_is_not_shown_by_the_next_page_or_a_restored_tab(office, browse, head):
    browsing = browse(office)
    context = browsing.browser_of(head)
    [page] = _tabs(browsing, context, 1, "/dashboard/")
    old = page.evaluate("document.documentElement.dataset.cursor")
    inbox.send([head], "Once and no more")
    expect(page.locator("#toast-message")).to_have_text("Once and no more")
    # A tab that the browser brings back from its cache begins with the cursor of then.
    restored = browsing.tab(context)
    begin = f"document.documentElement.dataset.cursor = '{old}'"
    restored.add_init_script(f"document.addEventListener('readystatechange', () => {{ {begin}; }}); {COLLECT}")
    restored.goto("/dashboard/")
    until(restored, lambda: restored.evaluate("handled").count(_newest()), "the event is handled there")
    assert restored.locator("#toast-notification").is_hidden()
    inbox.send([head], "Something new")
    for tab in (page, restored):
        expect(tab.locator("#toast-message")).to_contain_text("Something new")


def test_the_console_is_silent_unless_it_is_asked_for_every_frame(office, browse, head):
    browsing = browse(office)
    context = browsing.browser_of(head)
    said: dict[str, list[str]] = {}
    tabs = []
    for path in ("/dashboard/", "/dashboard/?debug=1"):
        tab = browsing.tab(context)
        lines = said.setdefault(path, [])
        tab.on("console", lambda message, lines=lines: lines.append(message.text))
        tab.goto(path)
        until_state(tab, "live")
        tabs.append(tab)
    tabs[0].close()  # the other leads now
    until(tabs[1], lambda: _status(tabs[1], "leader"), "it leads")
    inbox.send([head], "In every frame")
    until(tabs[1], lambda: any(" in sse " in line for line in said["/dashboard/?debug=1"]), "frames are logged")
    assert all(line.startswith("[live]") for line in said["/dashboard/?debug=1"])
    assert said["/dashboard/"] == []
