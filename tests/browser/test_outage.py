"""After a server was away for ten seconds every page is live again within ten, and none has stormed it."""

import time

import pytest
from playwright.sync_api import Page

from projeng import inbox
from projeng.access import Role
from tests.support.faulty_proxy import OPEN, POLL, SOCKET, STREAM, FaultyProxy
from tests.support.people import person

from .support import unread, until
from .witness import moves, status, tab, watched

pytestmark = [pytest.mark.timeout(150), pytest.mark.quiet]
PAGES = 14
AWAY = 10.0  # seconds
BACK = 10.0  # seconds until the last page is live again


def _live_again(page: Page, since: float) -> float:
    """When (seconds since 1970, by the browser) the page was live for the first time after that, by any transport."""
    times = [move["at"] / 1000 for move in moves(page) if move["state"] == "live"]
    return next(at for at in times if at > since)


def test_fourteen_pages_are_back_within_ten_seconds_of_an_outage_of_ten(socket_site, browser, browse, record_property):
    with FaultyProxy(socket_site.port) as proxy:
        browsing = browse(proxy)
        heads = [person(Role.HEAD) for _ in range(PAGES)]
        pages = [tab(browsing, watched(browsing, head), "/accounts/profile/") for head in heads]
        for page in pages:
            until(page, lambda page=page: status(page, "transport") == "websocket", "it is live", 30)
        proxy.modes.update(dict.fromkeys(proxy.modes, 502))
        proxy.passed.clear()
        for kind in (SOCKET, STREAM, POLL):
            proxy.cut(kind)
        away = time.time()
        pages[0].wait_for_timeout(1000 * AWAY)
        asked = sum(proxy.passed[kind] for kind in (SOCKET, STREAM, POLL))
        inbox.send(heads, "While the server was away")
        proxy.modes.update(dict.fromkeys(proxy.modes, OPEN))
        back = time.time()
        for page in pages:
            until(page, lambda page=page: status(page, "state") == "live" and unread(page) == 1, "it has caught up", 40)
        late = sorted(_live_again(page, away) - back for page in pages)
        record_property("first and last page back", [round(late[0], 2), round(late[-1], 2)])
        assert late[-1] < BACK, late
        assert asked / PAGES < 2 * 10, "a round over WebSocket is two requests"
        browsing.close()
