"""Fixtures of these tests: servers, the office's users (tests/projeng), and a Chromium (tests/browser).

``HYPOTHESIS_PROFILE=long`` tries thousands of random cases, and prints how to reproduce a failure. The default is forty
cases, always the same ones.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.browser.conftest import _socket_sites, browse, browser, socket_site  # noqa: F401 (fixtures)
from tests.projeng.conftest import browser as client_of  # noqa: F401
from tests.projeng.conftest import engineer, head, project  # noqa: F401
from tests.support.site import Site

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "quick")
settings.register_profile(
    "quick",
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,  # other tests run concurrently
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("long", settings.get_profile("quick"), max_examples=3_000, derandomize=False)
settings.load_profile(PROFILE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Raise the timeout of the long profile."""
    for item in items:
        if PROFILE != "quick" and "hypothesis" in item.keywords and "faults/hostile" in str(item.path):
            item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture(scope="module", params=["gunicorn", "daphne", "uvicorn"])
def running(request, new_database, static_root, tmp_path_factory):
    """A server of the module's own."""
    folder = tmp_path_factory.mktemp(request.param)
    limits = {"UPLOAD_MAX_MB": "3", "MESSAGE_ATTACHMENT_MAX_MB": "1"}
    with Site(folder, new_database("sqlite"), request.param, STATIC_ROOT=static_root, **limits) as site:
        yield site


@pytest.fixture
def site(running, on_database):
    """The same; the test's ORM works on its database."""
    on_database(running.database_url)
    return running
