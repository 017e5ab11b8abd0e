"""From the address of a database to settings under which many threads and processes can share it."""

from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

SQLITE: dict[str, Any] = {
    # Several threads and processes share the file (docs/architecture.md, "SQLite"): readers and the one writer do
    # not block each other, a writer waits for its turn, and a transaction takes the write lock when it begins.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
}
POSTGRESQL: dict[str, Any] = {
    # Every wait has a limit; a lock that takes longer than this is a fault that the person should hear of.
    "connect_timeout": 5,
    "options": "-c lock_timeout=15s -c statement_timeout=60s -c idle_in_transaction_session_timeout=120s",
}


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
        pool = {"min_size": 1, "max_size": max_connections, "timeout": 10}
        settings["OPTIONS"] = {**settings.get("OPTIONS", {}), **POSTGRESQL, "pool": pool}
        settings["CONN_HEALTH_CHECKS"] = True
    return settings


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"DATABASE_URL is in a folder that cannot be made: {error}") from error
