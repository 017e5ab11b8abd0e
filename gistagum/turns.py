"""Servers that start at the same time prepare the site one after the other.

No session lock is used, since a pooler in transaction mode gives the session to others. In PostgreSQL the lock is that
of a transaction, which stays open meanwhile; beside a SQLite file it is one of its folder.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

LOCK = 0x47495354_50524550  # any number that no other advisory lock uses ("GISTPREP" in ASCII)
LOOK_SECONDS = 0.5


@contextmanager
def turn(waiting: Callable[[], None]) -> Iterator[None]:
    """Hold this process's turn. ``waiting`` is called once where another process has its turn now."""
    with _of_folder(waiting) if connection.vendor == "sqlite" else _of_transaction(waiting):
        yield


@contextmanager
def _of_folder(waiting: Callable[[], None]) -> Iterator[None]:
    folder = os.open(Path(connection.settings_dict["NAME"]).parent, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextmanager
def _of_transaction(waiting: Callable[[], None]) -> Iterator[None]:
    # A connection of its own: migrations have their own transactions.
    with closing(connections.create_connection("default")) as own:
        own.set_autocommit(False)
        while not _locked(own):
            own.rollback()
            waiting()
            waiting = _nothing
            time.sleep(LOOK_SECONDS)
        yield
        own.rollback()


def _locked(own: BaseDatabaseWrapper) -> bool:
    with own.cursor() as cursor:
        # Migrations may take longer than an idle transaction may last.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return cursor.fetchone()[0]


def _nothing() -> None:
    pass
