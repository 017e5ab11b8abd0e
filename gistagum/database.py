"""Database settings from ``DATABASE_URL``, with the options that many threads and processes need to share it."""

import sqlite3
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import InterfaceError, InternalError, OperationalError

from .database_hosts import set_session_attrs, split_hosts

SQLITE: dict[str, Any] = {
    # Several threads and processes share the file (docs/architecture/database.md, "SQLite"). With WAL, readers and the
    # one writer do not block each other. A second writer waits. A transaction takes the write lock when it begins.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
}


# PostgreSQL's code for a write that a standby, or a database that is switched to reading, refuses. Django turns it into
# InternalError. https://www.postgresql.org/docs/current/errcodes-appendix.html
READ_ONLY = "25006"
POOLERS = ("none", "transaction")


def is_unavailable(error: BaseException | None) -> bool:
    """Whether the error means that the database is unreachable, frozen, full, locked or only readable.

    A retry may then succeed.
    """
    cause = getattr(error, "__cause__", None)
    if isinstance(error, InternalError):
        return getattr(cause, "sqlstate", None) == READ_ONLY
    # SQLite's generic error code stands for a mistake in our own SQL, such as a table that does not exist.
    own_mistake = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return isinstance(error, (OperationalError, InterfaceError)) and not own_mistake


def database_settings(url: str, max_connections: int = 23, pooler: str = "none") -> dict[str, Any]:
    """Return the entry of ``DATABASES`` for ``sqlite:///path`` or ``postgres://user:password@host:port/name``.

    ``host:port`` may be several, by comma. ``max_connections`` is the limit for one process, which has many threads
    (one for each stream under Gunicorn). ``pooler`` is the mode of a pooler such as PgBouncer in front of PostgreSQL.
    Raise ImproperlyConfigured for another kind of database: the order of the event log is proven on these two only
    (docs/architecture/log.md, "Ids follow commit order").
    """
    scheme = url.partition(":")[0]
    if scheme not in {"sqlite", "postgres", "postgresql"}:
        # The URL may contain a password, so the message repeats only what is certainly a scheme.
        named = repr(scheme) if scheme.isalnum() and f"{scheme}://" in url else "no scheme"
        raise ImproperlyConfigured(f"DATABASE_URL starts with {named}; it may be sqlite:///… or postgres://….")
    hosts: dict[str, str] = {}
    if scheme != "sqlite":
        url, hosts = split_hosts(url)
    elif pooler != "none":
        raise ImproperlyConfigured(f"DATABASE_POOLER is {pooler} and DATABASE_URL is SQLite, which has no pooler.")
    try:
        settings: dict[str, Any] = environ.Env.db_url_config(url)
    except (ValueError, TypeError):  # the message of which may contain a part of the URL
        raise ImproperlyConfigured("DATABASE_URL is not an address such as postgres://user@host/name.") from None
    if not settings.get("NAME") or settings["NAME"] == ":memory:":
        raise ImproperlyConfigured("DATABASE_URL names no database that several processes could share.")
    if scheme == "sqlite":
        settings["OPTIONS"] = SQLITE
        _make_folder(Path(settings["NAME"]).parent)
    else:
        from .postgresql import options

        own = settings.get("OPTIONS", {})
        if pooler != "none" and "options" in own:
            raise ImproperlyConfigured(
                "DATABASE_URL has options=…, which a pooler refuses; use ALTER ROLE … SET instead."
            )
        set_session_attrs(own, several=bool(hosts))
        settings |= hosts
        settings["OPTIONS"] = {**own, **options(max_connections, pooler)}
        settings["CONN_HEALTH_CHECKS"] = True
        # A cursor outlives a transaction on the server's connection, which a pooler then gives to somebody else.
        settings["DISABLE_SERVER_SIDE_CURSORS"] = pooler == "transaction"
    return settings


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"DATABASE_URL is in a folder that cannot be made: {error}") from error
