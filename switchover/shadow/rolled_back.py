"""A transaction that is rolled back whatever happens in it, and that holds up nobody for long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

STATEMENT_SECONDS = 5  # PostgreSQL ends a statement of the compared way after this time,
LOCK_SECONDS = 1  # gives up waiting for another's lock,
IDLE_SECONDS = 1  # and ends the transaction where the compared way does something else, with the locks that it holds


@contextmanager
def rolled_back(snapshot: bool = False) -> Iterator[None]:
    """Roll back what is done inside. ``snapshot``: all that is read inside is of one moment, whatever others change."""
    with _late_write_lock(), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                if snapshot and not connection.savepoint_ids:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")
                cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
                cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
        try:
            yield
        finally:
            transaction.set_rollback(True)


@contextmanager
def _late_write_lock() -> Iterator[None]:
    """SQLite has one writer: take its lock with the first write, not when the transaction begins."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    sqlite: Any = connection
    before = sqlite.transaction_mode
    sqlite.transaction_mode = "DEFERRED"
    try:
        yield
    finally:
        sqlite.transaction_mode = before
