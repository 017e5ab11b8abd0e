"""Letting the test process work on the database of the site under test."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connections

from gistagum.database import database_settings


@contextmanager
def using_database(url: str) -> Iterator[None]:
    """Within this block, Django's default database is the one at ``url``, in every thread of this process."""
    old_settings = connections.settings["default"]
    connections["default"].close()
    old = connections["default"]
    connections.settings["default"] = {**old_settings, **database_settings(url)}
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        close_pool = getattr(connections["default"], "close_pool", None)
        if close_pool:
            close_pool()
        connections.settings["default"] = old_settings
        connections["default"] = old


def migrate(url: str) -> None:
    """Bring the database at ``url`` to the present schema."""
    with using_database(url):
        call_command("migrate", verbosity=0)
