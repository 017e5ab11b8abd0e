"""GIN indexes of the columns that hold JSON, for the filters of containment (comm_service/containment.py).

PostgreSQL alone has them. They are made concurrently, so that nobody who writes waits for them, and they are unknown to
the models, so that the tables are the same in every database.
"""

from typing import Any

from django.db import migrations

INDEXES = {
    "comm_messages_metadata": ("messages", "metadata"),
    "comm_notifications_metadata": ("notifications", "metadata"),
    "comm_documents_metadata": ("documents", "metadata"),
    "comm_emails_headers": ("email_queue", "headers"),
    "comm_emails_to_addresses": ("email_queue", "to_addresses"),
}
INVALID = """
SELECT relname FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
WHERE NOT indisvalid AND relname = ANY(%s) AND pg_table_is_visible(pg_class.oid)
"""


def make(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        try:
            # One whose making was interrupted is of no use and would count as present.
            cursor.execute(INVALID, [list(INDEXES)])
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            for name, (table, column) in INDEXES.items():
                cursor.execute(
                    f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} USING gin ({column} jsonb_path_ops)"
                )
        finally:
            cursor.execute("RESET statement_timeout")


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        for name in INDEXES:
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


class Migration(migrations.Migration):
    atomic = False  # nothing is made concurrently in a transaction

    dependencies = [("comm_service", "0001_initial")]
    operations = [migrations.RunPython(make, drop)]
