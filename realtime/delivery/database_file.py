"""Notices what other connections have written to the SQLite database, without reading the log.

In WAL mode every commit of every process appends to the file ``-wal`` beside the database
(https://sqlite.org/wal.html). Looking at that file's time and size costs a few microseconds and takes no lock, so it
can be done far more often than a query. What is done when it has changed may still be nothing: one change announces
itself several times, by hints and by the file.
"""

import os
from typing import Any

from django.db import connection


class DatabaseFile:
    """The write-ahead log of the SQLite database. With another database, or one in memory, nothing is ever noticed."""

    def __init__(self) -> None:
        name = str(connection.settings_dict["NAME"]) if connection.vendor == "sqlite" else ""
        self._path = f"{name}-wal" if os.path.isfile(name) else ""
        self._seen: tuple[int, int] | None = None
        self._committed: tuple[Any, int] | None = None

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

    def committed(self) -> bool:
        """Return whether another connection has committed anything since the last call. ``True`` if that is not known.

        A number that SQLite keeps for each of its connections (https://sqlite.org/pragma.html#pragma_data_version).
        """
        if not self._path:
            return True
        with connection.cursor() as cursor:
            version = cursor.execute("PRAGMA data_version").fetchone()[0]
        before, self._committed = self._committed, (connection.connection, version)
        return before is None or before[0] is not connection.connection or before[1] != version
