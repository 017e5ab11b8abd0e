"""What the tests of the sockets share: Daphne on both databases, people, sockets that are closed when a test ends."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User

from tests.phase0.conftest import engineer, finance, head, listen, nobody, project  # noqa: F401 (fixtures)
from tests.support.people import session_cookie
from tests.support.site import Site
from tests.support.websocket import Socket


@pytest.fixture(params=["daphne-sqlite", "daphne-postgres"])
def site(request: pytest.FixtureRequest, sites, on_database) -> Site:
    """Daphne, on each database; the test's ORM works on the same database."""
    server, database = request.param.split("-")
    running = sites(server, database)
    on_database(running.database_url)
    return running


@pytest.fixture
def talk(site: Site) -> Iterator[Callable[..., Socket]]:
    """``talk(user, "notifications/")`` opens a socket below /ws/; all are closed at the end, and were in order."""
    opened: list[Socket] = []

    def open_socket(user: User | None, address: str, **options) -> Socket:
        cookie = options.pop("cookie", None) or (session_cookie(user) if user else "")
        one = Socket(f"{site.url}/ws/{address}", cookie, **options)
        opened.append(one)
        return one

    yield open_socket
    for one in opened:
        one.close()
    assert not [fault for one in opened for fault in one.faults]
