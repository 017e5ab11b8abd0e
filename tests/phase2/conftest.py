"""What the tests of the sockets share: Daphne on both databases, people, sockets that are closed when a test ends."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.contrib.auth.models import User

from realtime.log import replay
from tests.phase0.conftest import engineer, finance, head, listen, nobody, project  # noqa: F401 (fixtures)
from tests.support.people import session_cookie
from tests.support.site import Site, running_on
from tests.support.websocket import Socket

site = running_on("daphne-sqlite", "daphne-postgres")


@pytest.fixture
def talk(site: Site) -> Iterator[Callable[..., Socket]]:
    """``talk(user, "notifications/")`` opens a socket below /ws/; all are closed at the end, and were in order."""
    opened: list[Socket] = []

    def open_socket(user: User | None, address: str, **options) -> Socket:
        cookie = options.pop("cookie", None) or (session_cookie(user) if user else "")
        replay.head()  # what the test has prepared gets its place, so that the socket starts behind it
        one = Socket(f"{site.url}/ws/{address}", cookie, **options)
        opened.append(one)
        return one

    yield open_socket
    for one in opened:
        one.close()
    assert not [fault for one in opened for fault in one.faults]


@pytest.fixture
def start_daphne(new_database, on_database, static_root, scratch) -> Iterator[Callable[..., tuple[Site, Callable]]]:
    """``start_daphne(NAME="value")``: a Daphne of the test's own with this environment, and its ``talk``.

    It is started by hand, so that ``USE_DAPHNE`` can say what it likes.
    """
    with ExitStack() as stack:

        def begin(database: str = "sqlite", **environment: str) -> tuple[Site, Callable[..., Socket]]:
            url = new_database(database)
            on_database(url)
            running = stack.enter_context(DaphneByHand(scratch, url, "daphne", STATIC_ROOT=static_root, **environment))

            def open_socket(user: User, address: str, **options) -> Socket:
                cookie = options.pop("cookie", None) or session_cookie(user)
                replay.head()  # what the test has prepared gets its place, so that the socket starts behind it
                one = Socket(f"{running.url}/ws/{address}", cookie, **options)
                stack.callback(one.close)
                return one

            return running, open_socket

        yield begin


class DaphneByHand(Site):
    """As ``python -m daphne`` starts it, without asking the settings which server it is to be."""

    by_hand = {"daphne": "-m daphne --bind 127.0.0.1 --port {port} gistagum.asgi:application"}
