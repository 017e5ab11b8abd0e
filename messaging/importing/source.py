"""The old chat's database, opened for reading only."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import environ
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from .old_rows import CONVERSATIONS, MESSAGES, OPTIONAL, REQUIRED, TYPING

ALIAS = "default"  # of a handler of its own, which knows no other
ROWS_AT_ONCE = 1000
CONNECT_SECONDS = 10
READ_ONLY = "-c default_transaction_read_only=on -c default_transaction_isolation=repeatable\\ read"


class CannotRead(Exception):
    """The database is not one of the old chat. The message says why, in one line, and repeats no password."""


class Source:
    """The tables of an old database."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._columns = {table: self._known_columns(table) for table in (CONVERSATIONS, MESSAGES, TYPING)}
        for table in (CONVERSATIONS, MESSAGES):
            if not self._columns[table]:
                raise CannotRead(f"The database has no table {table}.")

    def count(self, table: str) -> int:
        """Return how many rows the table has; 0 where there is none."""
        if not self._columns[table]:
            return 0
        with self._connection.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM {table}")  # noqa: S608 (one of three names)
            return int(cursor.fetchone()[0])

    def rows(self, table: str) -> Iterator[list[Mapping[str, Any]]]:
        """Yield the rows in the order of their ids, ``ROWS_AT_ONCE`` at a time."""
        columns = self._columns[table]
        last = None
        while True:
            # Only names of this package are put into the statement.
            statement = f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608
            where = " WHERE id > %s" if last is not None else ""
            values: list[Any] = [last] if last is not None else []
            with self._connection.cursor() as cursor:
                cursor.execute(f"{statement}{where} ORDER BY id LIMIT {ROWS_AT_ONCE}", values)
                found: list[Mapping[str, Any]] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
            if not found:
                return
            yield found
            last = found[-1]["id"]

    def _known_columns(self, table: str) -> list[str]:
        introspection = self._connection.introspection
        with self._connection.cursor() as cursor:
            if table not in introspection.table_names(cursor):
                return []
            names = {column.name for column in introspection.get_table_description(cursor, table)}
        if missing := [name for name in REQUIRED[table] if name not in names]:
            raise CannotRead(f"The table {table} has no column {missing[0]}.")
        return [name for name in (*REQUIRED[table], *OPTIONAL[table]) if name in names]


@contextmanager
def opened(url: str) -> Iterator[Source]:
    """Open the database at ``sqlite:///path`` or ``postgres://user:password@host:port/name``, as of one moment.

    Raise CannotRead for another address, a file that is not there, and a database without the old chat's tables.
    """
    handler = ConnectionHandler({ALIAS: _settings(url)})
    connection = handler[ALIAS]
    try:
        connection.ensure_connection()
        if connection.vendor == "sqlite":
            # Text that is not UTF-8 is refused with its row, and not with the whole table.
            connection.connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        with _one_moment(connection):
            yield Source(connection)
    finally:
        connection.close()


@contextmanager
def _one_moment(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Read all tables as they are at one moment. Nothing was changed, so the transaction is rolled back."""
    connection.set_autocommit(False)
    try:
        yield
    finally:
        connection.rollback()


def _settings(url: str) -> dict[str, Any]:
    if url.partition(":")[0] not in {"sqlite", "postgres", "postgresql"}:
        raise CannotRead("The address may be sqlite:///path or postgres://user:password@host:port/name.")
    try:
        settings = environ.Env.db_url_config(url)
    except ValueError as fault:
        raise CannotRead("The address cannot be read.") from fault
    if settings["ENGINE"].endswith("sqlite3"):
        path = Path(settings["NAME"])
        if not path.is_file():
            raise CannotRead(f"There is no file {path}.")
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": f"file:{quote(str(path.resolve()))}?mode=ro",
            "OPTIONS": {"uri": True},
        }
    return {
        **settings,
        "ENGINE": "django.db.backends.postgresql",
        "OPTIONS": {"connect_timeout": CONNECT_SECONDS, "options": READ_ONLY},
    }
