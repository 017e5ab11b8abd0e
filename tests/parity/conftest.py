"""What the parity tests share: a Daphne that grants WebSocket, on each database, and browsers at it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.contrib.auth.models import User

from tests.support.site import Site

from .browser import Browser

LIMITS = {"ROLLOUT_STRIKES": 2, "ROLLOUT_MIN_CONNECTIONS": 5, "ROLLOUT_MIN_EVENTS": 20}


@pytest.fixture(params=["sqlite", "postgres"])
def site(request: pytest.FixtureRequest, new_database, on_database, static_root, scratch, settings) -> Iterator[Site]:
    """A site of the test's own; the test's commands have its limits."""
    for name, value in LIMITS.items():
        setattr(settings, name, value)
    url = new_database(request.param)
    environment = {name: str(value) for name, value in LIMITS.items()}
    with Site(scratch, url, "daphne", STATIC_ROOT=static_root, USE_WEBSOCKETS="true", **environment) as running:
        on_database(url)
        yield running


@pytest.fixture
def browse(site: Site) -> Iterator[Callable[[User], Browser]]:
    """``browse(user)``: their browser; all are closed at the end."""
    with ExitStack() as stack:

        def begin(user: User) -> Browser:
            browser = Browser(site, user)
            stack.callback(browser.close)
            return browser

        yield begin
