"""Database settings from ``DATABASE_URL``, with the options that many threads and processes need to share it."""

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import environ
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import InterfaceError, InternalError, OperationalError, ProgrammingError

from .database_hosts import set_session_attrs, split_hosts
from .database_parameters import SQLITE as SQLITE_PARAMETERS
from .database_parameters import check_options, parse, split_parameters

SQLITE: dict[str, Any] = {
    # Several threads and processes share the file (docs/architecture/database.md, "SQLite"). With WAL, readers and the
    # one writer do not block each other. A second writer waits. A transaction takes the write lock when it begins.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
}


# PostgreSQL's codes for a write that a standby, or a database that is switched to reading, refuses (InternalError for
# Django), and for rights that the role has not (ProgrammingError).
# https://www.postgresql.org/docs/current/errcodes-appendix.html
READ_ONLY, NO_RIGHTS = "25006", "42501"
POOLERS = ("none", "transaction")
DJANGO_SETTINGS = ("atomic_requests", "autocommit", "conn_health_checks", "conn_max_age", "disable_server_side_cursors")


def is_unavailable(error: BaseException | None) -> bool:
    """Whether the error means that the database is unreachable, frozen, full, locked, or refuses to be written.

    A retry may then succeed.
    """
    cause = getattr(error, "__cause__", None)
    if isinstance(error, (InternalError, ProgrammingError)):
        return getattr(cause, "sqlstate", None) in (READ_ONLY, NO_RIGHTS)
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
    address, parameters = split_parameters(url)
    if scheme != "sqlite":
        return _postgresql_settings(address, parameters, max_connections, pooler)
    if pooler != "none":
        raise ImproperlyConfigured(f"DATABASE_POOLER is {pooler} and DATABASE_URL is SQLite, which has no pooler.")
    return _sqlite_settings(address, parameters)


def _read_address(address: str) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = environ.Env.db_url_config(address)
    except (ValueError, TypeError):  # the message of which may contain a part of the URL
        raise ImproperlyConfigured("DATABASE_URL is not an address such as postgres://user@host/name.") from None
    if not settings.get("NAME") or settings["NAME"] == ":memory:":
        raise ImproperlyConfigured("DATABASE_URL names no database that several processes could share.")
    settings["HOST"] = unquote(settings["HOST"])  # the folder of a socket is written with %2F
    return settings


def _sqlite_settings(address: str, parameters: dict[str, str]) -> dict[str, Any]:
    if address.startswith("sqlite://") and not address.startswith(("sqlite:///", "sqlite://:")) and "/" in address[9:]:
        raise ImproperlyConfigured("DATABASE_URL is SQLite and has a host; a path is written sqlite:///path.")
    settings = _read_address(address)
    found = parse(parameters, SQLITE_PARAMETERS)
    settings |= _take_settings(found)
    settings["OPTIONS"] = SQLITE | found
    _make_folder(Path(settings["NAME"]).parent)
    return settings


def _postgresql_settings(address: str, parameters: dict[str, str], max_connections: int, pooler: str) -> dict[str, Any]:
    # psycopg is imported only where it is used.
    from .postgresql import LIMITS, options
    from .postgresql_parameters import check_address, known_parameters

    address, hosts = split_hosts(address)
    settings = _read_address(address) | hosts
    settings["ENGINE"] = "gistagum.backends.postgresql"
    own = parse(parameters, known_parameters())
    check_address(own, settings)
    own.pop("client_encoding", None)  # Django sets it
    if pooler != "none" and "options" in own:
        raise ImproperlyConfigured("DATABASE_URL has options=…, which a pooler refuses; use ALTER ROLE … SET instead.")
    if pooler != "none" and "assume_role" in own:
        raise ImproperlyConfigured("DATABASE_URL has assume_role=…, which a pooler forgets; connect as that role.")
    check_options(own.get("options", ""), LIMITS)
    set_session_attrs(own, several=bool(hosts))
    # A cursor outlives a transaction on the server's connection, which a pooler then gives to somebody else.
    in_transactions = pooler == "transaction"
    if in_transactions and own.get("disable_server_side_cursors") is False:
        raise ImproperlyConfigured("DATABASE_URL has disable_server_side_cursors=false, which a pooler cannot serve.")
    settings |= {"CONN_HEALTH_CHECKS": True, "DISABLE_SERVER_SIDE_CURSORS": in_transactions} | _take_settings(own)
    settings["OPTIONS"] = options(max_connections, pooler, own)
    return settings


def _take_settings(found: dict[str, Any]) -> dict[str, Any]:
    """Remove the parameters that are Django's own settings of a database, and return them under their names."""
    return {name.upper(): found.pop(name) for name in DJANGO_SETTINGS if name in found}


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"DATABASE_URL is in a folder that cannot be made: {error}") from error
