"""Copies a whole database into another one: from SQLite to PostgreSQL, and back.

Rows keep their ids, and every identity sequence goes on where it stood, so no id of something that was deleted is given
again. No signal is sent, so nothing is announced. All is one transaction: another database has everything or nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from realtime.rollout.presence import GONE_SECONDS, alive

from .database import database_settings

SOURCE, TARGET = "copied_from", DEFAULT_DB_ALIAS
ROWS_AT_ONCE = 500
# What is true of one database alone: where numbering looks into its outbox, and the processes that serve it.
LEFT_BEHIND = {
    "realtime.OutboxScan",
    "realtime.ServerProcess",
    "communication.PresenceProcess",
    "communication.PresentPerson",
}
# What a database may hold before the copy, which takes its place: what `migrate` and a start of the site make.
REPLACED = {
    "contenttypes.ContentType",
    "auth.Permission",
    "auth.Group",
    "auth.Group_permissions",
    "realtime.ConnectionSample",
    "realtime.LogEpoch",
    "realtime.LogMark",
    "realtime.RolloutWatch",
    *LEFT_BEHIND,
}


class CannotCopy(Exception):
    """The databases cannot be copied. The message says why, in one line."""


@contextmanager
def source(url: str) -> Iterator[None]:
    """Within this block, the database at ``url`` is open as ``SOURCE``. Raise CannotCopy if there is none."""
    settings = database_settings(url, max_connections=1)
    if settings["ENGINE"].endswith("sqlite3") and not Path(settings["NAME"]).is_file():
        raise CannotCopy(f"There is no file {settings['NAME']}.")
    connections.settings[SOURCE] = {**connections.settings[TARGET], **settings}
    try:
        yield
    finally:
        wrapper = connections[SOURCE]
        wrapper.close()
        if hasattr(wrapper, "close_pool"):
            wrapper.close_pool()
        del connections[SOURCE], connections.settings[SOURCE]


def copy(on_progress: Callable[[str, int], None] = lambda label, rows: None) -> dict[str, int]:
    """Copy all rows of ``SOURCE`` into the site's own database. Return the number of rows by model.

    ``on_progress`` is called with the model and its rows so far. Raise CannotCopy where a database is not ready.
    """
    tables = [model for model in apps.get_models(include_auto_created=True) if _has_table(model)]
    _check_migrations(SOURCE, "from")
    _check_migrations(TARGET, "into")
    with transaction.atomic(using=SOURCE), transaction.atomic(using=TARGET):
        _begin(SOURCE, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        _begin(TARGET)
        for alias in (SOURCE, TARGET):
            _check_stopped(alias)
        _check_empty(tables)
        for model in tables:
            _rows(model, TARGET)._raw_delete(TARGET)
        copied = {model._meta.label: _copy_rows(model, on_progress) for model in tables if not _left_behind(model)}
        connections[TARGET].check_constraints()  # says which row, where a commit may not
        for model in tables:
            if not _left_behind(model):
                _continue_sequence(model)
    return copied


def _has_table(model: type[models.Model]) -> bool:
    return model._meta.managed and not model._meta.proxy and not model._meta.swapped


def _left_behind(model: type[models.Model]) -> bool:
    return model._meta.label in LEFT_BEHIND


def _rows(model: type[models.Model], alias: str) -> models.QuerySet:
    return models.QuerySet(model, using=alias)  # not the model's own, which announces what it changes


def _begin(alias: str, *first: str) -> None:
    """Set the mode of the transaction, and lift the limits on how long one may take, on PostgreSQL."""
    if connections[alias].vendor == "sqlite":
        return
    with connections[alias].cursor() as cursor:
        for statement in first:
            cursor.execute(statement)
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SET LOCAL {limit} = 0")


# --- whether they can be copied ---------------------------------------------------------------------------------


def _check_migrations(alias: str, side: str) -> None:
    executor = MigrationExecutor(connections[alias])
    if missing := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        names = f"{len(missing)} of this release's migrations, beginning with {missing[0][0]}"
        raise CannotCopy(f"The database to copy {side} lacks {names}: run `migrate` on it.")
    known = executor.loader.disk_migrations
    newer = [f"{app}.{name}" for app, name in executor.loader.applied_migrations if (app, name) not in known]
    ours = {config.label for config in apps.get_app_configs()}
    if newer := sorted(name for name in newer if name.split(".")[0] in ours):
        raise CannotCopy(f"The database to copy {side} is of another release, which has {newer[0]}.")


def _check_stopped(alias: str) -> None:
    process = alive().using(alias).first()
    if process is not None:
        killed = f"one that was killed counts for {GONE_SECONDS:.0f} seconds"
        raise CannotCopy(f"The site runs ({process}): stop it on all servers ({killed}).")


def _check_empty(tables: list[type[models.Model]]) -> None:
    for model in tables:
        if model._meta.label not in REPLACED and _rows(model, TARGET).exists():
            raise CannotCopy(f"The database to copy into is not new: it has rows of {model._meta.label}.")


# --- rows and sequences -----------------------------------------------------------------------------------------


def _copy_rows(model: type[models.Model], on_progress: Callable[[str, int], None]) -> int:
    done = 0
    rows: list[models.Model] = []
    for row in _rows(model, SOURCE).order_by("pk").iterator(chunk_size=ROWS_AT_ONCE):
        rows.append(row)
        if len(rows) == ROWS_AT_ONCE:
            done += _insert(model, rows)
            rows = []
            on_progress(model._meta.label, done)
    return done + _insert(model, rows)


def _insert(model: type[models.Model], rows: list[models.Model]) -> int:
    """Insert rows as they are, without the values that Django sets when it saves.

    Return how many. Raise CannotCopy for the first that the database refuses.
    """
    fields = [field for field in model._meta.local_concrete_fields if not field.generated]
    most = max(1, min(ROWS_AT_ONCE, connections[TARGET].ops.bulk_batch_size(fields, rows)))
    for some in (rows[first : first + most] for first in range(0, len(rows), most)):
        try:
            _insert_raw(model, fields, some)
        except (DatabaseError, ValueError):
            for row in some:
                try:
                    _insert_raw(model, fields, [row])
                except (DatabaseError, ValueError) as fault:
                    reason = str(fault).strip().splitlines()[0]
                    raise CannotCopy(f"{model._meta.label} {row.pk} cannot be copied: {reason}") from fault
    return len(rows)


def _insert_raw(model: type[models.Model], fields: list[models.Field], rows: list[Any]) -> None:
    with transaction.atomic(using=TARGET):
        _rows(model, TARGET)._insert(rows, fields=fields, using=TARGET, raw=True)


def _continue_sequence(model: type[models.Model]) -> None:
    """Have the target's sequence go on after every id that the source has given, also to rows that are gone."""
    column = model._meta.auto_field
    if column is None:
        return
    newest = _rows(model, TARGET).aggregate(newest=models.Max(column.attname))["newest"] or 0
    given = max(newest, _last_given(connections[SOURCE], model._meta.db_table, column.column))
    if not given:
        return
    target = connections[TARGET]
    with target.cursor() as cursor:
        if target.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [model._meta.db_table, given])
        else:
            table = target.ops.quote_name(model._meta.db_table)
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [table, column.column, given])


def _last_given(wrapper: BaseDatabaseWrapper, table: str, column: str) -> int:
    with wrapper.cursor() as cursor:
        if wrapper.vendor == "sqlite":
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            return (cursor.fetchone() or [0])[0]
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [wrapper.ops.quote_name(table), column])
        cursor.execute(f"SELECT last_value, is_called FROM {cursor.fetchone()[0]}")  # noqa: S608 (the database's own)
        last, is_called = cursor.fetchone()
        return last if is_called else last - 1
