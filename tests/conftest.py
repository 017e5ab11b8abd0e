"""Fixtures shared by all tests: databases, running sites, and the office's people on them."""

import itertools
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from realtime.log import position
from switchover.aside import aside
from tests.support.database import make_cluster, migrate, using_database
from tests.support.made_once import VARIABLE, made_once
from tests.support.postgres import TEMPLATE, Postgres
from tests.support.shared import SharedSites
from tests.support.site import Site, collected_files, running_on

_numbers = itertools.count(1)

# A test that asks where the log stands wants every committed event to have its place, however busy the machine is.
position.WAIT_SECONDS = 15.0
position.HELD_SECONDS = 0.0  # also after a test in which nobody could number
# What is done beside the requests of a test is done when the test says so, in its own thread and transaction.
aside.by_hand = True


def pytest_configure() -> None:
    """Begun in the background of a shell, the tests would ignore Ctrl-C, and with them every server that they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


SERVERS = {
    "postgres",
    "postgres_cluster",
    "new_database",
    "static_root",
    "redis",
    "shared_redis",
    "browser",
}  # what these fixtures start
EMPTYING = {"transactional_db", "live_server", "django_db_reset_sequences", "django_db_serialized_rollback"}


@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what starts servers, so that it can be left out."""
    if SERVERS & set(getattr(item, "fixturenames", ())):
        item.add_marker("servers")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse what empties the database: other tests of the process want the rows that migrations have made."""
    marker = item.get_closest_marker("django_db")
    if (marker and marker.kwargs.get("transaction")) or EMPTYING & set(getattr(item, "fixturenames", ())):
        pytest.fail("It empties the database that others use: on_database(new_database(…)) gives it one of its own.")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: with several processes at work, all but one would wait for it in the end.

    Modules with a browser come next, and one after the other: they share the browser and the sites of their package.
    """
    long = {item.path for item in items if item.get_closest_marker("long")}
    browsers = {item.path for item in items if "browser" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: (item.path not in long, item.path not in browsers))


@pytest.fixture(scope="session", autouse=True)
def _folder_of_what_is_made_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """All processes of this run share one, if not several runs do."""
    root = tmp_path_factory.getbasetemp()
    os.environ.setdefault(VARIABLE, str(root.parent if "PYTEST_XDIST_WORKER" in os.environ else root))


@pytest.fixture(scope="session")
def postgres_cluster(django_db_blocker) -> Path:
    """A cluster with a migrated database, for ``Postgres(postgres_cluster)``: a copy takes less than making one."""
    with django_db_blocker.unblock():
        return made_once("postgres", make_cluster)


@pytest.fixture(scope="session")
def postgres(postgres_cluster: Path) -> Iterator[Postgres]:
    """One PostgreSQL server for the whole run."""
    server = Postgres(postgres_cluster)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def new_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_blocker
) -> Callable[[str], str]:
    """Makes a migrated database (``"sqlite"`` or ``"postgres"``) and returns its address."""
    folder = tmp_path_factory.mktemp("databases")

    def migrated(url: str) -> None:
        with django_db_blocker.unblock():
            migrate(url)

    def make(kind: str) -> str:
        name = f"office{next(_numbers)}"
        if kind == "sqlite":
            template = made_once("template", lambda part: migrated(f"sqlite:///{part / 'template.sqlite3'}"))
            path = folder / f"{name}.sqlite3"
            shutil.copy(template / "template.sqlite3", path)
            return f"sqlite:///{path}"
        return request.getfixturevalue("postgres").create(name, template=TEMPLATE)

    return make


@pytest.fixture(scope="session")
def static_root() -> str:
    """The collected static files, for sites that are started without collecting them again."""
    return collected_files()


@pytest.fixture(scope="session")
def shared_sites() -> Iterator[SharedSites]:
    """The running sites that several modules share."""
    running = SharedSites()
    yield running
    running.stop_all()


@pytest.fixture(scope="module", autouse=True)
def _shared_sites_are_left_as_they_were(request: pytest.FixtureRequest, shared_sites: SharedSites) -> Iterator[None]:
    """Fails with the name of the module that leaves behind what another could meet."""
    yield
    left = shared_sites.left_behind()
    assert not left, f"{request.node.nodeid} leaves in a shared site: {'; '.join(left)}"


@pytest.fixture(scope="session")
def sites(
    new_database, static_root: str, shared_sites: SharedSites, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Site]:
    """Running sites by server and database, started when first asked for and kept for the run."""
    running: dict[tuple[str, str], Site] = {}
    folder = tmp_path_factory.mktemp("sites")

    def get(server: str, database: str) -> Site:
        key = (server, database)
        if key not in running:
            site = Site(folder / "-".join(key), new_database(database), server, STATIC_ROOT=static_root)
            running[key] = shared_sites.start(site)
        return running[key]

    return get


@pytest.fixture
def on_database(django_db_blocker) -> Iterator[Callable[[str], None]]:
    """Lets the test's own Django work on the database with this address."""
    stack = []

    def switch(url: str) -> None:
        context = using_database(url)
        context.__enter__()
        stack.append(context)

    with django_db_blocker.unblock():
        yield switch
        while stack:
            stack.pop().__exit__(None, None, None)


# Each server and each database, once: no code here depends on both. Some modules take the other two pairs.
site = running_on("gunicorn-sqlite", "daphne-postgres")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A folder for a site that a test starts for itself."""
    return tmp_path
