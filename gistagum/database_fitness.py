"""What the site's database must be: asked once at a start and by ``manage.py check --database default``.

A database that is not fit often works for a while: until somebody writes ``ñ``, or two people save at once.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .database_reasons import in_one_line, reason_in

READ_COMMITTED = "read committed"
FACTS = """SELECT current_user, current_database(), current_schema() AS schema, current_setting('search_path') AS path,
  current_setting('server_encoding') AS encoding, current_setting('client_encoding') AS client_encoding,
  current_setting('transaction_read_only') AS read_only, pg_is_in_recovery() AS standby,
  current_setting('default_transaction_isolation') AS isolation, current_setting('DateStyle') AS date_style,
  current_setting('IntervalStyle') AS interval_style, current_setting('TimeZone') AS time_zone,
  current_setting('standard_conforming_strings') AS plain_strings"""
# Tables of the site's applications begin with their labels. Their ids need no right on a sequence (they are identity
# columns), but the numbering of events reads and sets two of them.
MISSING_RIGHTS = """SELECT relname AS name, missing FROM pg_class CROSS JOIN LATERAL (
    SELECT string_agg(wanted, ', ') AS missing FROM unnest(CASE
        WHEN relkind <> 'S' THEN '{SELECT,INSERT,UPDATE,DELETE}'::text[]
        WHEN relname = 'realtime_event_id_seq' THEN '{SELECT,UPDATE}'
        WHEN relname = 'realtime_outboxevent_id_seq' THEN '{SELECT}' END) AS wanted
    WHERE NOT CASE relkind WHEN 'S' THEN has_sequence_privilege(pg_class.oid, wanted)
      ELSE has_table_privilege(pg_class.oid, wanted) END) AS rights
  WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'S')
    AND split_part(relname, '_', 1) = ANY(%s) AND missing IS NOT NULL ORDER BY relname"""
# Of PostgreSQL, for the numbering of events. Anybody may execute them, unless somebody has taken that away.
FUNCTIONS = (
    "pg_control_system()",
    "pg_control_checkpoint()",
    "pg_current_wal_lsn()",
    "pg_walfile_name(pg_lsn)",
    "pg_advisory_xact_lock(bigint)",
    "pg_try_advisory_xact_lock(bigint)",
    "pg_is_in_recovery()",
    "pg_backend_pid()",
)
FORBIDDEN = "SELECT name FROM unnest(%s::text[]) AS name WHERE NOT has_function_privilege(name, 'EXECUTE')"
MAY_CREATE = """SELECT to_regclass('django_migrations') IS NULL AS empty,
  has_schema_privilege(current_schema(), 'CREATE') AS may_create"""


@contextmanager
def own_connection() -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own to the database, which waits for no pool."""
    connection = connections["default"].copy("fitness")
    connection.settings_dict["OPTIONS"].pop("pool", None)
    try:
        yield connection
    finally:
        connection.close()


def faults() -> tuple[list[str], bool]:
    """Return why the site cannot work with its database, a line each, and whether all that may pass by itself.

    No line means that it can.
    """
    with own_connection() as connection:
        try:
            connection.ensure_connection()
            connection.check_database_version_supported()  # Django looks only once in a process
            look = _postgresql if connection.vendor == "postgresql" else _sqlite
            found = list(look(connection))
        except Error as error:
            where = "" if connection.vendor == "postgresql" else f"{connection.settings_dict['NAME']}: "
            found = [where + in_one_line(error)]
    return found, all((reason := reason_in(fault)) and reason.passing for fault in found)


def _postgresql(connection: BaseDatabaseWrapper) -> Iterator[str]:
    facts = rows(connection, FACTS)[0]
    quote = connection.ops.quote_name
    database, role = quote(facts["current_database"]), quote(facts["current_user"])
    alter = f"ALTER DATABASE {database} SET"
    if facts["encoding"] != "UTF8":
        yield (
            f"The encoding of database {database} is {facts['encoding']} and must be UTF8: make a new one with "
            "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and restore a dump into it."
        )
    if facts["standby"] or facts["read_only"] == "on":
        why = "its server is a standby" if facts["standby"] else "default_transaction_read_only is on"
        yield (
            f"Database {database} only reads ({why}): let DATABASE_URL lead to the primary, or {alter} "
            "default_transaction_read_only = off."
        )
    if facts["isolation"] != READ_COMMITTED:
        yield (
            f"Transactions of database {database} are by default {facts['isolation']}, and must be {READ_COMMITTED}: "
            f"{alter} default_transaction_isolation = '{READ_COMMITTED}' (or ALTER ROLE … SET, or options=…)."
        )
    for name, value, wanted in (
        ("DateStyle", facts["date_style"], "ISO"),
        ("IntervalStyle", facts["interval_style"], "postgres"),
        ("standard_conforming_strings", facts["plain_strings"], "on"),
        ("client_encoding", facts["client_encoding"], "UTF8"),
        ("TimeZone", facts["time_zone"], connection.timezone_name),
    ):
        if value.partition(",")[0] != wanted:
            yield f"{name} of database {database} is {value} and must be {wanted}: {alter} {name} = '{wanted}'."
    yield from _time_zone(connection)
    if facts["schema"] is None:
        yield (
            f"Role {role} has no schema in database {database} (search_path is {facts['path']}): create one of these, "
            f"or GRANT USAGE ON SCHEMA … TO {role}."
        )
    else:
        yield from _rights(connection, role, quote(facts["schema"]))


def _rights(connection: BaseDatabaseWrapper, role: str, schema: str) -> Iterator[str]:
    tables = rows(connection, MAY_CREATE)[0]
    if tables["empty"] and not tables["may_create"]:
        yield f"Role {role} may create no tables in schema {schema}: GRANT CREATE ON SCHEMA {schema} TO {role}."
    labels = [app.rpartition(".")[2] for app in settings.INSTALLED_APPS] + ["django"]
    if missing := rows(connection, MISSING_RIGHTS, labels):
        first = f"{missing[0]['missing']} on {missing[0]['name']}"
        more = f" and more on {len(missing) - 1} others" if len(missing) > 1 else ""
        yield (
            f"Role {role} lacks {first}{more}: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} "
            f"TO {role}; GRANT SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}."
        )
    for row in rows(connection, FORBIDDEN, list(FUNCTIONS)):
        name = row["name"]
        yield f"Role {role} may not execute {name}: GRANT EXECUTE ON FUNCTION {name} TO {role}."


def _time_zone(connection: BaseDatabaseWrapper) -> Iterator[str]:
    try:
        rows(connection, "SELECT now() AT TIME ZONE %s", settings.TIME_ZONE)
    except Error:
        yield f"PostgreSQL does not know the time zone {settings.TIME_ZONE}: install its time zone data (tzdata)."


def rows(connection: BaseDatabaseWrapper, query: str, *parameters: Any) -> list[dict[str, Any]]:
    """Return the rows of a query by the names of their columns."""
    connection.ensure_connection()
    # Without Django's cursor, which warns of queries before the applications are loaded, as at a start.
    with connection.wrap_database_errors:
        cursor = connection.connection.execute(query, parameters)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()] if names else []


def _sqlite(connection: BaseDatabaseWrapper) -> Iterator[str]:
    name = connection.settings_dict["NAME"]
    mode = rows(connection, "PRAGMA journal_mode")[0]["journal_mode"]
    rows(connection, "BEGIN IMMEDIATE")  # what cannot be written refuses here
    rows(connection, "ROLLBACK")
    if mode != "wal":
        yield f"SQLite keeps no write-ahead log beside {name} (its mode is {mode}): the file must be on a local disk."
    if not writable(connection):
        yield f"The user of the site may not write {name} and its folder."


def writable(connection: BaseDatabaseWrapper) -> bool:
    """Return whether this process may write a SQLite database: its file, and the folder in which its log is."""
    if connection.is_in_memory_db():
        return True
    name = connection.settings_dict["NAME"]
    return os.access(name, os.W_OK) and os.access(os.path.dirname(name) or ".", os.W_OK)
