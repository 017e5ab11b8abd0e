"""From the address of a database to settings under which many threads and processes can share it."""

import sqlite3
from pathlib import Path
from typing import Any

import environ
import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import InterfaceError, OperationalError
from psycopg_pool import ConnectionPool

SQLITE: dict[str, Any] = {
    # Several threads and processes share the file (docs/architecture.md, "SQLite"): readers and the one writer do
    # not block each other, a writer waits for its turn, and a transaction takes the write lock when it begins.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
}
# Every wait has a limit; what takes longer is a fault that the person should hear of, and before a proxy gives up on us
# (nginx: 60 seconds). The server keeps the first three. The others are for a server that is heard of no more.
POSTGRESQL: dict[str, Any] = {
    "options": "-c lock_timeout=15s -c statement_timeout=30s -c idle_in_transaction_session_timeout=120s",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
SILENCE_SECONDS = 35.0  # for an answer, once a statement was sent; more than the server's own limit for one
RECONNECT_SECONDS = 3.0  # for the pool's tries in the background, whose pauses double; then whoever asks begins anew


class Connection(psycopg.Connection):
    """A connection that gives a server up which is there and says nothing; and when it breaks, so do the pool's others.

    Neither the server's own limits nor those of TCP end the wait for one that stands still, or is behind something
    that answers in its place (a tunnel, a proxy, a pooler): without this, a thread would wait for ever. And the pool
    by itself finds out one by one that its connections are gone, with pauses that double.
    """

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """As psycopg's own. Raises OperationalError after ``SILENCE_SECONDS``, and the connection is closed."""
        try:
            return super().wait(gen, interval, SILENCE_SECONDS if timeout is None else timeout)
        except psycopg.OperationalError as error:
            silent = self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE
            if silent:  # an answer, even an error, would have ended the statement
                self.pgconn.finish()
            if self.pgconn.status == psycopg.pq.ConnStatus.BAD and isinstance(self._pool, ConnectionPool):
                self._pool.drain()
            if silent:
                raise psycopg.OperationalError(f"PostgreSQL has said nothing for {SILENCE_SECONDS:.0f} s.") from error
            raise


def is_away(error: BaseException | None) -> bool:
    """Whether a database is away, stands still, is full, or was busy with others for too long: a later try may do."""
    # What SQLite calls an error and nothing more is one of ours: a table or column that there is not.
    ours = getattr(getattr(error, "__cause__", None), "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return isinstance(error, (OperationalError, InterfaceError)) and not ours


def database_settings(url: str, max_connections: int = 22) -> dict[str, Any]:
    """Django's settings for ``sqlite:///path`` or ``postgres://user:password@host:port/name``.

    ``max_connections`` bounds those of one process, whose threads are many (one for each stream under Gunicorn).
    Raises ImproperlyConfigured for another kind of database: the order of the event log is only proven on these
    two (docs/architecture.md, "Ids follow commit order").
    """
    scheme = url.partition(":")[0]
    if scheme not in {"sqlite", "postgres", "postgresql"}:
        # The address may hold a password, so no more of it is repeated than what must be a scheme.
        named = repr(scheme) if scheme.isalnum() and f"{scheme}://" in url else "no scheme"
        raise ImproperlyConfigured(f"DATABASE_URL starts with {named}; it may be sqlite:///… or postgres://….")
    try:
        settings: dict[str, Any] = environ.Env.db_url_config(url)
    except (ValueError, TypeError):  # which may repeat a part of the address
        raise ImproperlyConfigured("DATABASE_URL is not an address such as postgres://user@host/name.") from None
    if not settings.get("NAME") or settings["NAME"] == ":memory:":
        raise ImproperlyConfigured("DATABASE_URL names no database that several processes could share.")
    if scheme == "sqlite":
        settings["OPTIONS"] = SQLITE
        _make_folder(Path(settings["NAME"]).parent)
    else:
        pool = {
            "connection_class": Connection,
            "min_size": 1,
            "max_size": max_connections,
            "timeout": 10,
            "reconnect_timeout": RECONNECT_SECONDS,
        }
        settings["OPTIONS"] = {**settings.get("OPTIONS", {}), **POSTGRESQL, "pool": pool}
        settings["CONN_HEALTH_CHECKS"] = True
    return settings


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"DATABASE_URL is in a folder that cannot be made: {error}") from error
