"""The system check of the database, for ``manage.py check --database default`` and ``migrate``."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .database_fitness import faults, own_connection, rows

MOST_CONNECTIONS = """SELECT least(current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int, nullif(rolconnlimit, -1),
    nullif(datconnlimit, -1)) AS most
  FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"""


def check_database(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Report why the site cannot work with its database. Where it can, report what limits it."""
    if "default" not in (databases or []):
        return []
    found, _passing = faults()
    if found:
        return [Error(fault, id="gistagum.E001") for fault in found]
    with own_connection() as connection:
        return [*limits_of_the_role(connection), *letters(connection), *connections_of_all(connection)]


def limits_of_the_role(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    """Behind a pooler the limits of waiting come from the role, since a pooler refuses them at the start."""
    if settings.DATABASE_POOLER == "none":
        return
    from .postgresql import LIMITS

    query = "SELECT name, setting::bigint AS milliseconds, current_user FROM pg_settings WHERE name = ANY(%s)"
    found = rows(connection, query, list(LIMITS))
    missing = {row["name"] for row in found if not 0 < row["milliseconds"] <= LIMITS[row["name"]] * 1000}
    if missing:
        role = connection.ops.quote_name(found[0]["current_user"])
        statements = " ".join(
            f"ALTER ROLE {role} SET {name} = '{LIMITS[name]}s';" for name in LIMITS if name in missing
        )
        words = f"PostgreSQL does not limit how long it waits behind the pooler: {statements}"
        yield Warning(words, id="gistagum.W001")


def letters(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    """A database with the locale ``C`` keeps all letters, and takes only those of English for capital and small."""
    if connection.vendor == "postgresql" and not rows(connection, "SELECT upper('ñ') = 'Ñ' AS known")[0]["known"]:
        yield Warning(
            "Who searches for Ñ does not find ñ: the database's LC_CTYPE is C. A new one with LC_CTYPE 'C.UTF-8' and "
            "TEMPLATE template0 does.",
            id="gistagum.W002",
        )


def connections_of_all(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    """All processes of this server together may open more connections than there are."""
    if connection.vendor != "postgresql" or settings.DATABASE_POOLER != "none":
        return
    processes = 1 if settings.USE_DAPHNE else settings.WEB_CONCURRENCY
    wanted = processes * connections.settings["default"]["OPTIONS"]["pool"]["max_size"]
    most = rows(connection, MOST_CONNECTIONS)[0]["most"]
    if wanted > most:
        yield Warning(
            f"The site may open {wanted} connections (WEB_CONCURRENCY, WEB_THREADS), and PostgreSQL has {most} for it: "
            "raise max_connections, or lower these.",
            id="gistagum.W003",
        )
