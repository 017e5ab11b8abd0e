"""What is between people and the server lets this through and that not: the page finds a way, and loses nothing."""

import pytest
from playwright.sync_api import expect

from projeng.access import Role
from projeng.models import Project
from tests.support.faulty_proxy import HELD, MUTE, OPEN, POLL, SOCKET, STREAM, STRIPPED, FaultyProxy
from tests.support.nginx import Nginx
from tests.support.people import person

from .support import NO_SPREAD, Browsing, until, until_state
from .witness import Work, first_try, moved, moves, status, tab, until_live, watched, whole

pytestmark = pytest.mark.timeout(150)
FALLBACK = 5.0  # seconds from a WebSocket that cannot be opened to SSE
# A connection counts as silent after two heartbeats of a second each and three seconds of grace.
SILENCE = 5.0
# A page that may be tried with made-up times: it takes the server for one that says something only every minute.
PATIENT = (
    """document.addEventListener("readystatechange", () => { document.documentElement.dataset.heartbeat = "60"; });"""
)


@pytest.fixture
def head(socket_site):
    return person(Role.HEAD)


@pytest.fixture
def work(head):
    return Work(Project.objects.create(name="Farm-to-market road", barangay="Madaum", project_cost=9_000_000), head)


@pytest.fixture
def proxy(socket_site):
    """Between browser and server."""
    with FaultyProxy(socket_site.port) as proxy:
        yield proxy


@pytest.fixture
def through(browser, proxy, browse):
    """Browsing through the proxy."""
    return browse(proxy)


def _seconds(record_property, what: str, seconds: float) -> float:
    record_property(what, round(seconds, 2))
    return seconds


@pytest.mark.parametrize("way", [403, 400, STRIPPED, HELD, MUTE], ids=str)
def test_a_websocket_that_does_not_open_gives_way_to_sse_within_five_seconds(
    proxy, through, head, work, way, record_property
):
    """Refused, its Upgrade taken off, a handshake that hangs, a socket that opens and stays silent."""
    proxy.modes[SOCKET] = way
    page = tab(through, watched(through, head), "/dashboard/")
    work.during(page, lambda: status(page, "transport") == "sse", "it is live by SSE")
    assert _seconds(record_property, "fallback", moved(page, "sse") - first_try(page)) < FALLBACK
    until_live(page, "sse")
    whole(head, page)
    assert [move["state"] for move in moves(page)] == ["connecting", "live"], "nobody was told of the detour"
    # It tries again when the network changes, and stays with what works when that fails.
    tries = proxy.passed[SOCKET]
    page.evaluate("dispatchEvent(new Event('online'))")
    until(page, lambda: proxy.passed[SOCKET] == tries + 1, "WebSocket is tried again")
    proxy.modes[SOCKET] = OPEN
    page.evaluate("dispatchEvent(new Event('online'))")
    work.during(page, lambda: status(page, "transport") == "websocket", "it is live by WebSocket")
    whole(head, page)
    assert {move["state"] for move in moves(page)[1:]} == {"live"}, "made before broken"


def test_nginx_as_many_have_it_lets_no_websocket_through_and_the_page_lives_by_sse(
    socket_site, browser, browse, head, work, scratch
):
    """nginx passes no Upgrade on by itself; and it may refuse the address."""
    for name, extra in {"plain": "", "refusing": "location /ws/ { return 403; }"}.items():
        with Nginx(scratch / name, socket_site.port, extra) as proxy:
            browsing = Browsing(browser, proxy)
            page = tab(browsing, watched(browsing, head), "/dashboard/", "sse")
            assert moved(page, "sse") - first_try(page) < FALLBACK
            work()
            whole(head, page)
            browsing.close()
            assert browsing.problems == []


def test_where_streams_are_held_back_too_the_page_asks_and_comes_back_up_when_the_way_is_free(
    proxy, through, head, work, record_property
):
    proxy.modes |= {SOCKET: 403, STREAM: HELD}
    page = tab(through, watched(through, head, NO_SPREAD), "/dashboard/notifications/")
    work.during(page, lambda: status(page, "transport") == "poll", "it asks")
    _seconds(record_property, "to polling", moved(page, "poll") - first_try(page))
    until_live(page, "poll")
    whole(head, page)
    proxy.modes[STREAM] = OPEN
    page.evaluate("dispatchEvent(new Event('online'))")
    work.during(page, lambda: status(page, "transport") == "sse", "streams pass")
    proxy.modes[SOCKET] = OPEN
    page.evaluate("dispatchEvent(new Event('online'))")
    work.during(page, lambda: status(page, "transport") == "websocket", "sockets pass")
    whole(head, page)
    assert [move["transport"] for move in moves(page) if move["state"] == "live"] == ["poll", "sse", "websocket"]
    unread = head.notifications.filter(is_read=False).count()
    expect(page.locator("#notification-count")).to_have_text(str(unread) if unread < 100 else "99+")


@pytest.mark.parametrize("transport", ["websocket", "sse"])
def test_a_connection_that_looks_open_and_is_silent_gives_way_to_the_next(
    proxy, through, head, work, transport, record_property
):
    if transport == "sse":
        proxy.modes[SOCKET] = 403
    page = tab(through, watched(through, head, NO_SPREAD), "/dashboard/", transport)
    work()
    whole(head, page)
    kind, lesser = {"websocket": (SOCKET, "sse"), "sse": (STREAM, "poll")}[transport]
    proxy.modes[kind] = MUTE
    silent = page.evaluate("Date.now()") / 1000
    proxy.mute(kind)
    work.during(page, lambda: status(page, "transport") == lesser, f"it is live by {lesser}")
    seconds = _seconds(record_property, "silence", moved(page, lesser, silent) - silent)
    assert SILENCE - 2 < seconds < 2 * SILENCE
    whole(head, page)


def test_sockets_that_a_proxy_cuts_come_back_as_sockets(proxy, through, head, work, record_property):
    page = tab(through, watched(through, head), "/dashboard/", "websocket")
    for _ in range(2):
        cut = page.evaluate("Date.now()") / 1000
        proxy.cut(SOCKET)
        until_state(page, "reconnecting")
        work()
        work.during(page, lambda: status(page, "transport") == "websocket", "it is back")
        _seconds(record_property, "back after", moved(page, "websocket", cut) - cut)
    whole(head, page)
    assert {move["transport"] for move in moves(page)} == {None, "websocket"}


def test_with_every_way_closed_the_page_waits_and_comes_back_by_itself(proxy, through, head, work):
    """Pages pass, and nothing else; then everything does."""
    page = tab(through, watched(through, head), "/dashboard/", "websocket")
    proxy.modes |= {SOCKET: 502, STREAM: 502, POLL: 502}
    proxy.cut(SOCKET)
    until_state(page, "reconnecting")
    expect(page.locator("#connection")).to_have_text("Reconnecting")
    for _ in range(4):
        work()
    proxy.modes |= {SOCKET: OPEN, STREAM: OPEN, POLL: OPEN}
    work.during(page, lambda: status(page, "state") == "live", "it is back", 45)
    whole(head, page)


def test_a_better_way_is_tried_again_after_a_minute_beside_the_one_that_works(proxy, through, head, work):
    proxy.modes[SOCKET] = 403
    page = tab(through, watched(through, head, PATIENT))
    page.clock.install()
    page.goto("/dashboard/")
    until_live(page, "sse")
    proxy.modes[SOCKET] = OPEN
    tries, streams = proxy.passed[SOCKET], proxy.passed[STREAM]
    page.clock.run_for(40_000)
    work()
    whole(head, page)
    assert proxy.passed[SOCKET] == tries, "too early"
    # In steps: the handshake is to have its time.
    until(page, lambda: page.clock.run_for(1_000) or page.evaluate("witness.sockets.length") > 1, "it is tried again")
    work.during(page, lambda: status(page, "transport") == "websocket", "it is live by WebSocket")
    whole(head, page)
    assert proxy.passed[STREAM] == streams
    assert {move["state"] for move in moves(page)[1:]} == {"live"}, "made before broken"


def test_a_computer_that_has_slept_comes_back_by_the_same_way(proxy, through, head, work, record_property):
    """Meanwhile its connection has died on the way, and nobody told it."""
    page = tab(through, watched(through, head))
    page.clock.install()
    page.goto("/dashboard/")
    until_live(page, "websocket")
    work()
    whole(head, page)
    proxy.mute(SOCKET)
    for _ in range(4):
        work()
    page.clock.fast_forward("08:00:00")
    awake = page.evaluate("Date.now()") / 1000
    until_state(page, "live")
    whole(head, page)
    until_live(page, "websocket")
    record_property("awake", round(page.evaluate("witness.times.at(-1)") / 1000 - awake, 2))
    assert {move["transport"] for move in moves(page)} == {None, "websocket"}
    page.clock.resume()
