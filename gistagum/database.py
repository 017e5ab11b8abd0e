"""From the address of a database to settings under which many threads and processes can share it."""

import sqlite3
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import InterfaceError, OperationalError

SQLITE: dict[str, Any] = {
    # Several threads and processes share the file (docs/architecture.md, "SQLite"): readers and the one writer do
    # not block each other, a writer waits for its turn, and a transaction takes the write lock when it begins.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
}


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
        from .postgresql import options

        settings["OPTIONS"] = {**settings.get("OPTIONS", {}), **options(max_connections)}
        settings["CONN_HEALTH_CHECKS"] = True
    return settings


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"DATABASE_URL is in a folder that cannot be made: {error}") from error
