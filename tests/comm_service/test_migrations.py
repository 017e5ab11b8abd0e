"""The four tables: made on a fresh database, found on one of the existing service, whose rows and schema stay."""

import itertools
import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection

from comm_service.models import Document, EmailQueue, Message, Notification
from tests.comm_service.asking import MODELS, U, ask, content, shown

OLD = Path(__file__).with_name("old_tables.sql").read_text()
TABLES = ("messages", "notifications", "documents", "email_queue")
_numbers = itertools.count(1)


@pytest.fixture
def database(postgres, on_database):
    """An empty PostgreSQL database, which the test's ORM uses, and its schema of the four tables as text."""
    name = f"comm{next(_numbers)}"
    on_database(postgres.create(name))

    def schema() -> list[str]:
        chosen = [word for table in TABLES for word in ("-t", table)]
        dump = postgres.run("pg_dump", "-s", "--no-comments", *chosen, name)
        lines = re.sub(r"\n +", " ", dump).splitlines()
        return sorted(line for line in lines if line and not line.startswith(("--", "SET ", "SELECT ", "\\")))

    return schema


def migrate(*to: str) -> None:
    call_command("migrate", "comm_service", *to, verbosity=0)


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def rows() -> dict[str, list[dict]]:
    return {path: list(model.objects.values()) for path, model in MODELS.items()}


def test_a_database_of_the_existing_service_keeps_rows_and_schema_and_gains_indexes(database):
    execute(OLD)
    before, kept = database(), rows()
    migrate()
    added = [line for line in database() if line not in before]
    assert set(before) <= set(database())
    assert len(added) >= 11
    assert all(re.match(r"CREATE INDEX comm_\w+ ON ", line) for line in added), added
    assert rows() == kept
    migrate("zero")
    assert database() == before
    assert rows() == kept
    migrate()
    assert rows() == kept


def test_a_fresh_database_gets_the_tables_of_the_existing_service(database):
    execute(OLD)
    old = [line for line in database() if not re.search(r"_id_[0-9a-f]{8} ON ", line)]  # of two equal indexes, one
    execute("DROP TABLE messages, notifications, documents, email_queue")
    migrate()
    assert [line for line in database() if not re.match(r"CREATE INDEX comm_", line)] == old
    assert not any(rows().values())


def test_tables_that_this_service_made_stay_when_it_goes_and_are_found_again(database):
    migrate()
    Message.objects.create(sender_id=U, receiver_id=U)
    migrate("zero")
    migrate()
    assert Message.objects.count() == 1


def test_a_table_of_something_else_is_refused_and_nothing_is_done(database):
    execute("CREATE TABLE documents (id integer, title text)")
    before = database()
    with pytest.raises(ImproperlyConfigured, match="There is a table documents that has no content_type, filename"):
        migrate()
    assert database() == before


def test_both_sides_read_and_change_the_old_rows(database, client, settings):
    settings.COMM_COMPAT, settings.COMM_API = True, "legacy"
    execute(OLD)
    migrate()
    migrate_all_else()
    assert b'"metadata":{"a":2,"bb":1}' in content(ask(client, "GET", "messages/"))
    for path, model in (("messages", Message), ("documents", Document), ("email_queue", EmailQueue)):
        [row] = shown(ask(client, "GET", f"{path}/"))
        assert ask(client, "PATCH", f"{path}/{row['id']}/", {}).status_code == 200
        assert model.objects.count() == 1
    [failed] = shown(ask(client, "GET", "notifications/by_status/failed/"))
    assert shown(ask(client, "POST", f"notifications/{failed['id']}/retry/"))["status"] == "pending"
    assert ask(client, "GET", "notifications/by_status/%00/").status_code == 200
    for text in ("\0", "\ud800"):
        body = {"sender_id": str(U), "receiver_id": str(U), "metadata": {"a": [text]}}
        assert ask(client, "POST", "messages/", body).status_code == 400
    body["metadata"] = {"longer": 1, "b": 1.50, "c": 10**300}
    assert ask(client, "POST", "messages/", body).status_code == 201
    read = shown(ask(client, "POST", f"messages/{Message.objects.first().pk}/mark_read/"))
    assert read["metadata"] == {"b": 1.5, "c": 10**300, "longer": 1}
    assert read["read_at"]
    assert Notification.objects.get().last_error is None


def migrate_all_else() -> None:
    """Events of changes go into the log, which is in the same database."""
    call_command("migrate", "realtime", verbosity=0)
