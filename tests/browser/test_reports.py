"""The site's own pages in a real browser: what they report is what they got, and their console stays silent."""

import json

import pytest
from django.core.management import call_command

from projeng import inbox
from projeng.access import Role
from realtime.parity.models import LinkReport, Receipt
from tests.support.people import person
from tests.support.site import Site

from .support import unread, until, until_state

ADDRESS = "/projeng/api/realtime/receipts/"


@pytest.fixture
def open_site(new_database, on_database, static_root, scratch):
    """``open_site(USE_WEBSOCKETS="true")``: a Daphne with this environment."""
    running = []

    def begin(**environment: str) -> Site:
        url = new_database("sqlite")
        on_database(url)
        running.append(Site(scratch, url, "daphne", STATIC_ROOT=static_root, **environment).start())
        return running[-1]

    yield begin
    for site in running:
        site.stop()


def happen(page, head, times: int) -> None:
    """So many notifications come, and the page shows them."""
    before = unread(page)
    for number in range(times):
        inbox.send([head], f"Number {number}")
    until(page, lambda: unread(page) == before + times, "the page shows them")


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("environment", "shown", "beside"),
    [
        ({"USE_WEBSOCKETS": "true"}, "websocket", None),
        ({"USE_WEBSOCKETS": "true", "WEBSOCKET_SHADOW": "true"}, "sse", "websocket"),
        ({}, "sse", None),
    ],
    ids=["websocket", "shadow", "sse"],
)
def test_pages_report_what_they_got(open_site, browse, capsys, environment, shown, beside):
    site = open_site(**environment)
    head = person(Role.HEAD)
    page = browse(site).open(head, "/dashboard/notifications/")
    until_state(page, "live")
    if beside:
        until(page, lambda: page.evaluate("realtimeManager.getStatus().shadow?.connected"), "the shadow is there")
    happen(page, head, 5)
    transports = [one for one in (shown, beside) if one]
    until(page, lambda: Receipt.objects.count() >= 5 * len(transports), "it has reported")
    call_command("parity_report", "--json")
    found = json.loads(capsys.readouterr().out)
    for transport in transports:
        numbers = found["transports"][transport]
        assert (numbers["tried"], numbers["failed"], numbers["delivered"], numbers["missing"]) == (1, 0, 5, 0), (
            transport
        )
        assert (numbers["owed"], numbers["duplicates"], numbers["refused"]) == (5, 0, 0)
        assert numbers["p99_ms"] < 10_000
    assert bool(found["shadow"]) == bool(beside)
    assert {link.shown for link in LinkReport.objects.filter(transport=shown)} == {True}


@pytest.mark.timeout(120)
def test_what_had_not_been_reported_is_when_the_page_is_left(open_site, browse):
    site = open_site(USE_WEBSOCKETS="true")
    head = person(Role.HEAD)
    page = browse(site).open(head, "/dashboard/notifications/")
    until_state(page, "live")
    happen(page, head, 3)
    page.goto("about:blank")
    until(page, lambda: LinkReport.objects.exclude(reason="").exists(), "the end of its connection is told")
    link = LinkReport.objects.get()
    assert (link.reason, link.receipts.count()) == ("stopped", 3)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("status", [401, 403, 404, 409])
def test_where_nobody_wants_reports_the_page_goes_on_without_a_word(open_site, browse, status):
    site = open_site()
    head = person(Role.HEAD)
    browsing = browse(site)
    context = browsing.browser_of(head)
    asked = []
    context.route(f"**{ADDRESS}*", lambda route: (asked.append(1), route.fulfill(status=status, body="")))
    page = browsing.tab(context, "/dashboard/notifications/", tolerate=["Failed to load resource"])
    until_state(page, "live")
    until(page, lambda: asked, "it has tried to report")
    happen(page, head, 2)
    page.wait_for_timeout(100)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: false}))")
    page.wait_for_timeout(100)
    assert len(asked) == 1
