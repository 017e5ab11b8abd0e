"""Clusters, relays and sites that end with their test."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.database import migrate
from tests.support.postgres import Postgres
from tests.support.site import Site

from .office import Office, office


def end(cluster: Postgres) -> None:
    """Stop a cluster, if the test has not killed it."""
    if (cluster.folder / "data" / "postmaster.pid").exists():
        cluster.stop()
    else:
        shutil.rmtree(cluster.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def prepared(django_db_blocker) -> Iterator[Postgres]:
    """A stopped server with a migrated database ``office``, to be copied."""
    server = Postgres()
    with django_db_blocker.unblock():
        migrate(server.create("office"))
    server.halt("fast")
    yield server
    end(server)


@pytest.fixture
def until_the_end() -> Iterator[ExitStack]:
    """What is pushed here ends with the test, the last first."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def clusters(until_the_end: ExitStack) -> Callable[[Postgres], Postgres]:
    """``clusters(server)`` ends this server with the test, and returns it."""

    def begin(server: Postgres) -> Postgres:
        until_the_end.callback(end, server)
        return server

    return begin


@pytest.fixture
def open_office(
    until_the_end: ExitStack, static_root: str, scratch: Path, on_database: Callable[[str], None]
) -> Callable[..., Office]:
    """``open_office(url)``: an office on a site that runs on this database, under Daphne or another server."""

    def begin(url: str, server: str = "daphne") -> Office:
        on_database(url)
        site = until_the_end.enter_context(Site(scratch, url, server, STATIC_ROOT=static_root))
        return until_the_end.enter_context(office(site))

    return begin
