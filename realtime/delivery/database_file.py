"""Notices that another process has written to the SQLite database, without asking the database.

In WAL mode every commit of every process appends to the file ``-wal`` beside the database
(https://sqlite.org/wal.html). Looking at that file's time and size costs a few microseconds and takes no lock, so it
can be done far more often than a query.
"""

import os

from django.db import connection


class DatabaseFile:
    """The write-ahead log of the SQLite database. With another database, or one in memory, nothing is ever noticed."""

    def __init__(self) -> None:
        name = str(connection.settings_dict["NAME"]) if connection.vendor == "sqlite" else ""
        self._path = f"{name}-wal" if os.path.isfile(name) else ""
        self._seen: tuple[int, int] | None = None

    def __bool__(self) -> bool:
        """Whether there is a file to look at."""
        return bool(self._path)

    def written(self) -> bool:
        """Return whether anybody has written since the last call. A file that cannot be looked at is not written to."""
        try:
            found = os.stat(self._path)
        except OSError:
            return False  # between two connections there is none; the tail's own query finds what happened
        before, self._seen = self._seen, (found.st_mtime_ns, found.st_size)
        return before != self._seen
