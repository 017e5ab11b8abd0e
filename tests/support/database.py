"""Connects the ORM of the test process to the database of the site under test."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from django.core.management import call_command
from django.db import InterfaceError, InternalError, OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from gistagum.database import database_settings, is_unavailable
from realtime.log.numberer import numberer

from .postgres import TEMPLATE, Postgres

RETRY_SECONDS = 60.0  # the longest time for which a fault may make the database unavailable

Result = TypeVar("Result")


def retrying(do: Callable[[], Result]) -> Result:
    """Call ``do``, repeatedly while the database is unavailable or only readable. The call must be idempotent.

    Raise the database's error when it is unavailable for ``RETRY_SECONDS``.
    """
    deadline = time.monotonic() + RETRY_SECONDS
    while True:
        try:
            return do()
        except (OperationalError, InterfaceError, InternalError) as error:
            if not is_unavailable(error) or time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(0.2)


@contextmanager
def using_database(url: str, pooler: str = "none") -> Iterator[None]:
    """Within this block, Django's default database is the one at ``url``, in every thread of this process."""
    numberer.stop()  # its connection is to the old database
    old_settings = connections.settings["default"]
    old = connections["default"]
    _leave(old)
    connections.settings["default"] = {**old_settings, **database_settings(url, pooler=pooler)}
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        numberer.stop()
        _leave(connections["default"])
        connections.settings["default"] = old_settings
        connections["default"] = old


def _leave(wrapper: BaseDatabaseWrapper) -> None:
    wrapper.close()
    if hasattr(wrapper, "close_pool"):  # the pool is kept by alias and would still connect to the old database
        wrapper.close_pool()


def migrate(url: str) -> None:
    """Apply all migrations to the database at ``url``."""
    with using_database(url):
        call_command("migrate", verbosity=0)


def make_cluster(folder: Path) -> None:
    """Make a cluster with a migrated database, TEMPLATE, in a folder, for servers that begin with a copy of it."""
    server = Postgres()
    try:
        migrate(server.create(TEMPLATE))
        server.halt("fast")
        shutil.move(server.folder / "data", folder / "data")
    finally:
        if (server.folder / "data" / "postmaster.pid").exists():
            server.halt("immediate")
        shutil.rmtree(server.folder, ignore_errors=True)
