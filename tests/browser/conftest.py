"""A real Chromium for the tests of pages that live."""

from collections.abc import Callable, Iterator

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, expect

from tests.support.database import using_database
from tests.support.site import Site

from .support import Browsing, chromium

expect.set_options(timeout=20_000)  # others may be at work on the machine


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for these tests; it is gone before other tests run, since its event loop would be in their way."""
    with chromium() as started:
        yield started


@pytest.fixture
def browse(browser: Browser) -> Iterator[Callable[[Site], Browsing]]:
    """``browse(site)`` opens pages of a site; at the end of the test none of them may have complained."""
    opened: list[Browsing] = []

    def begin(site: Site) -> Browsing:
        opened.append(Browsing(browser, site))
        return opened[-1]

    yield begin
    for browsing in opened:
        browsing.close()
    assert [problem for browsing in opened for problem in browsing.problems] == []


@pytest.fixture(scope="package")
def _demo_site(new_database, static_root: str, shared_sites, django_db_blocker, tmp_path_factory) -> Iterator[Site]:
    url = new_database("sqlite")
    with django_db_blocker.unblock(), using_database(url):
        call_command("demo_data", verbosity=0)
    site = shared_sites.start(Site(tmp_path_factory.mktemp("demo"), url, STATIC_ROOT=static_root))
    yield site
    shared_sites.stop(site)


@pytest.fixture
def demo_site(_demo_site: Site, on_database: Callable[[str], None]) -> Site:
    """A running site with the demo's office: people and projects as on a real day."""
    on_database(_demo_site.database_url)
    return _demo_site


@pytest.fixture(scope="package")
def _socket_sites(new_database, static_root: str, shared_sites, tmp_path_factory) -> Iterator[Callable[[str], Site]]:
    running: dict[str, Site] = {}

    def get(server: str) -> Site:
        if server not in running:
            folder = tmp_path_factory.mktemp("sockets")
            url = new_database("postgres")
            flags = {"USE_WEBSOCKETS": "true", "WEBSOCKET_BROADCAST": "true"}
            running[server] = shared_sites.start(Site(folder, url, server, STATIC_ROOT=static_root, **flags))
        return running[server]

    yield get
    for site in running.values():
        shared_sites.stop(site)


@pytest.fixture
def socket_site(request: pytest.FixtureRequest, _socket_sites, on_database: Callable[[str], None]) -> Site:
    """A site that tells browsers to use WebSocket: on Daphne, or on the server that is the parameter."""
    site = _socket_sites(getattr(request, "param", "daphne"))
    on_database(site.database_url)
    return site
