"""A machine that was asleep: its connections are dead, though nobody closed them. Pages come back, and blame nobody."""

import time

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from projeng import inbox
from projeng.access import Role
from realtime.parity.models import Fallback, LinkReport
from switchover.transport.report import measure
from tests.support.faulty_proxy import POLL, SOCKET, STREAM, FaultyProxy
from tests.support.people import PASSWORD, person, site_password

from .support import FAILED_REQUESTS, unread, until, until_state
from .test_connection import LOOK
from .witness import moves, status, tab, watched

pytestmark = pytest.mark.timeout(120)
# The page's clocks, as they are after a sleep: by how many milliseconds each has moved meanwhile.
CLOCKS = """
globalThis.slept = { wall: 0, monotonic: 0 };
const [date, now] = [Date.now, performance.now.bind(performance)];
Date.now = () => date() + slept.wall;
performance.now = () => now() + slept.monotonic;
"""
HOUR = 3_600_000
WORLDS_APART = [(8 * HOUR, 0), (8 * HOUR, 8 * HOUR), (-HOUR, 0), (20_000, 0)]  # (wall, monotonic)
# Counts the labels that the page shows, from before its scripts.
LABELS = """
globalThis.labels = [];
document.addEventListener("DOMContentLoaded", () => {
  const label = document.getElementById("connection");
  new MutationObserver(() => labels.push(label.textContent)).observe(label, { childList: true });
});
"""


@pytest.fixture
def proxy(socket_site):
    """Between browser and server."""
    with FaultyProxy(socket_site.port) as proxy:
        yield proxy


def _sleep(proxy: FaultyProxy, pages, wall: int, monotonic: int) -> None:
    for kind in (SOCKET, STREAM, POLL):
        proxy.mute(kind)
    for page in pages:
        page.evaluate("([wall, monotonic]) => { slept.wall += wall; slept.monotonic += monotonic; }", [wall, monotonic])


@pytest.mark.quiet
@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_pages_that_wake_are_stale_at_once_and_live_over_the_same_transport_and_nobody_is_blamed(
    proxy, browse, browser, on_database, transport
):
    """With several kinds of clocks, and more pages than the watch needs for a judgement."""
    heads = [person(Role.HEAD) for _ in WORLDS_APART]
    browsing = browse(proxy)
    since = timezone.now()
    if transport == "sse":
        proxy.modes[SOCKET] = 403
    pages = []
    for head in heads:
        context = watched(browsing, head, CLOCKS, LABELS)
        pages.append(tab(browsing, context, "/accounts/profile/", transport))
    for page, (wall, monotonic) in zip(pages, WORLDS_APART, strict=True):
        page.evaluate("witness.moves.length = labels.length = 0")
        _sleep(proxy, [page], wall, monotonic)
    woke = time.monotonic()
    inbox.send(heads, "While you slept")
    for page in pages:
        until(page, lambda page=page: unread(page) == 1, "it has caught up", 5)
        assert [(move["state"], move["transport"]) for move in moves(page)] == [
            ("reconnecting", None),
            ("live", transport),
        ]
        assert page.evaluate("labels") == ["Reconnecting", "Live"]
    assert time.monotonic() - woke < 10
    # What the browsers report of it, and what is made of that.
    page = pages[-1]
    ended = LinkReport.objects.filter(user__in=heads, transport=transport, ended_at__isnull=False)
    until(page, lambda: ended.count() == len(heads), "all have reported the end", 30)
    assert set(ended.values_list("reason", flat=True)) == {"stale"}
    assert not Fallback.objects.filter(user__in=heads, left=transport).exists()
    found = measure(since, timezone.now()).tallies[transport]
    assert (found.failed, found.lost, found.missing, found.late) == (0, 0, 0, 0)
    assert {status(page, "transport") for page in pages} == {transport}


def test_while_nothing_gets_through_yet_the_page_keeps_trying_the_same_transport(proxy, browse):
    head = person(Role.HEAD)
    browsing = browse(proxy)
    page = tab(browsing, watched(browsing, head, CLOCKS), "/accounts/profile/", "websocket")
    page.evaluate("witness.moves.length = 0")
    proxy.modes.update(dict.fromkeys(proxy.modes, 502))
    _sleep(proxy, [page], 8 * HOUR, 0)
    until(page, lambda: status(page, "state") == "reconnecting", "it is stale", 3)
    inbox.send([head], "While you slept")
    tries = proxy.passed[SOCKET]
    until(page, lambda: proxy.passed[SOCKET] > tries + 2, "it tries", 10)
    assert not proxy.passed[STREAM]
    proxy.modes.update(dict.fromkeys(proxy.modes, "open"))
    until(page, lambda: unread(page) == 1, "it has caught up", 5)
    assert [(move["state"], move["transport"]) for move in moves(page)] == [
        ("reconnecting", None),
        ("live", "websocket"),
    ]
    until(page, lambda: LinkReport.objects.filter(user=head).count() > 1, "it reports", 20)
    reported = LinkReport.objects.filter(user=head)
    assert set(reported.values_list("transport", flat=True)) == {"websocket"}
    assert set(reported.values_list("reason", flat=True)) <= {"", "stale"}


def test_the_tab_in_front_is_right_although_the_one_behind_it_holds_the_connection(proxy, browse):
    head = person(Role.HEAD)
    browsing = browse(proxy)
    context = watched(browsing, head, CLOCKS)
    leader = tab(browsing, context, "/accounts/profile/", "websocket")
    page = tab(browsing, context, "/accounts/profile/", "websocket")
    leader.evaluate(LOOK, False)
    assert (status(leader, "leader"), status(page, "leader")) == (True, False)
    page.evaluate("witness.moves.length = 0")
    sockets = proxy.passed[SOCKET]
    _sleep(proxy, [leader, page], 8 * HOUR, 0)
    inbox.send([head], "While you slept")
    until(page, lambda: unread(page) == 1, "it has caught up", 5)
    assert moves(page)[0]["state"] == "reconnecting"
    assert status(page, "transport") == "websocket"
    assert proxy.passed[SOCKET] == sockets + 1


def test_reports_go_on_without_a_network_by_the_browsers_word_and_after_signing_in_again(socket_site, browse):
    head = person(Role.HEAD)
    browsing = browse(socket_site)
    context = browsing.browser_of(head)
    context.add_init_script("Object.defineProperty(Navigator.prototype, 'onLine', { get: () => false });")
    page = browsing.tab(context, "/dashboard/notifications/", tolerate=[FAILED_REQUESTS, "WebSocket connection to"])
    until_state(page, "live")
    reported = LinkReport.objects.filter(user=head, transport="websocket")
    until(page, lambda: reported.exists(), "it reports")
    other = browsing.tab(context, "/dashboard/", tolerate=[FAILED_REQUESTS, "WebSocket connection to"])
    other.locator("details.account summary").click()
    other.get_by_role("button", name="Sign out").click()
    until_state(page, "signed-out")
    before = set(reported.values_list("pk", flat=True))
    head.password = site_password(PASSWORD)
    head.save()
    other.get_by_label("Username").fill(head.username)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()  # the page's CSRF token is worth nothing from now on
    until_state(other, "live")
    other.close()
    page.evaluate(LOOK, False)
    page.evaluate(LOOK, True)
    until_state(page, "live")
    inbox.send([head], "Back again")
    expect(page.locator("#notifications-list")).to_contain_text("Back again")
    again = reported.exclude(pk__in=before).filter(receipts__isnull=False)
    until(page, lambda: again.exists(), "it reports again")
