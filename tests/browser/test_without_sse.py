"""5.2 is rehearsed (docs/migration/removing-sse.md): pages without SSE."""

import pytest

from projeng.access import Role
from projeng.models import Project
from tests.support.faulty_proxy import OPEN, SOCKET, FaultyProxy
from tests.support.people import person
from tests.support.site import Site

from .witness import Work, status, tab, watched, whole

pytestmark = pytest.mark.timeout(150)


def test_pages_live_on_websocket_and_by_polling_where_it_is_blocked(
    new_database, on_database, static_root, scratch, browse
):
    url = new_database("sqlite")
    on_database(url)
    head = person(Role.HEAD)
    work = Work(Project.objects.create(name="Farm-to-market road", barangay="Madaum", project_cost=9_000_000), head)
    flags = {"USE_WEBSOCKETS": "true", "WEBSOCKET_BROADCAST": "true", "SSE_ENABLED": "false"}
    with Site(scratch, url, "daphne", STATIC_ROOT=static_root, **flags) as site, FaultyProxy(site.port) as proxy:
        browsing = browse(proxy)
        page = tab(browsing, watched(browsing, head), "/dashboard/", "websocket")
        work.during(page, lambda: status(page, "cursor"), "events come by WebSocket")
        whole(head, page)
        proxy.modes[SOCKET] = 403
        proxy.cut(SOCKET)
        work.during(page, lambda: status(page, "transport") == "poll", "it goes on by polling")
        whole(head, page)
        proxy.modes[SOCKET] = OPEN
        page.evaluate("dispatchEvent(new Event('online'))")
        work.during(page, lambda: status(page, "transport") == "websocket", "it is back on WebSocket")
        whole(head, page)
