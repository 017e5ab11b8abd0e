"""A request that nobody waits for any more gives its connection with the database back, however it ends."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
from django.conf import settings

from projeng.access import Role
from tests.support import http
from tests.support.people import person, session_cookie
from tests.support.ports import wait_until

CONNECTIONS = settings.WEB_THREADS  # that requests may have (gistagum/request_threads.py)
ENDED = "took too long to shut down and was killed"  # Daphne, of what serves a client that has left


@contextmanager
def asking(port: int, cookie: str) -> Iterator[None]:
    """Within this block, more clients than there are connections for them wait for a page."""
    request = f"GET /accounts/profile/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()
    with ExitStack() as clients:
        for _ in range(CONNECTIONS + 10):
            client = clients.enter_context(closing(socket.create_connection(("127.0.0.1", port), timeout=5)))
            client.sendall(request)
        yield


@pytest.mark.quiet
@pytest.mark.timeout(90)
def test_what_daphne_ends_keeps_no_connection(sites, on_database, postgres):
    site = sites("daphne", "postgres")
    on_database(site.database_url)
    cookie = session_cookie(person(Role.HEAD))
    locked = site.database_url.rpartition("/")[2], "LOCK TABLE auth_user IN ACCESS EXCLUSIVE MODE"
    ended = site.log.read_text().count(ENDED)
    with postgres.transaction(*locked):
        with asking(site.port, cookie):
            wait_until(lambda: postgres.waiting_for_locks() == CONNECTIONS, "requests use all of theirs", 10)
        wait_until(lambda: site.log.read_text().count(ENDED) > ended, "Daphne has ended them", 12)
    with postgres.transaction(*locked), asking(site.port, cookie):
        wait_until(lambda: postgres.waiting_for_locks() == CONNECTIONS, "every connection can be used again", 10)
    wait_until(lambda: not postgres.waiting_for_locks(), "nobody waits any more")
    answer = http.get(f"{site.url}/accounts/profile/", headers={"Cookie": cookie}, timeout=9)
    assert answer.status_code == 200, answer.text[:300]
