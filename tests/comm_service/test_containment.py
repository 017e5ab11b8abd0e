"""Filters of lists by their JSON: what contains what, what is refused, and that PostgreSQL uses its indexes."""

import json
from importlib import import_module
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import JSONField, Value
from django.test import Client

from comm_service.containment import COLUMNS, SUFFIX, containing
from comm_service.models import Document, EmailQueue, Message, Notification

json_indexes = import_module("comm_service.migrations.0002_json_indexes")

MADE = {
    Message: {"sender_id": uuid4(), "receiver_id": uuid4()},
    Notification: {"user_id": uuid4(), "type": "system"},
    Document: {"storage_path": "a"},
    EmailQueue: {},
}


@pytest.fixture(scope="module")
def database(new_database) -> str:
    return new_database("postgres")


@pytest.fixture
def postgres_rows(database, on_database, settings, compat) -> Client:
    """The new side on PostgreSQL."""
    on_database(database)
    settings.COMM_API = "ninja"
    for model in MADE:
        model.objects.all().delete()
    return Client()


def indexes() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE indexname = ANY(%s)", [list(json_indexes.INDEXES)]
        )
        return dict(cursor.fetchall())


@pytest.mark.servers
def test_a_list_shows_the_rows_that_contain_what_is_asked_for(postgres_rows):
    held = [
        {"course": {"name": "cardiology", "year": 2}, "tags": ["a", "é"]},
        {"course": {"name": "surgery"}},
        [],
        "text",
        Value(None, JSONField()),
    ]
    rows = [Message.objects.create(**MADE[Message], metadata=one) for one in held]

    def found(value):
        response = postgres_rows.get("/comm/api/messages/", {"metadata__contains": json.dumps(value)})
        assert response.status_code == 200, response.content
        return {one["id"] for one in response.json()}

    ids = [str(row.pk) for row in rows]
    assert found({"course": {"name": "cardiology"}}) == {ids[0]}
    assert found({"tags": ["é"]}) == {ids[0]}
    assert found({"course": {}}) == {ids[0], ids[1]}
    assert found({"course": {"name": "Cardiology"}}) == set()
    assert found("text") == {ids[3]}
    assert found(None) == {ids[4]}
    assert found({"emoji": "😀", "\\u0000": 1}) == set()
    for name in ("metadata", "metadata__icontains", "subject__contains", "contains"):
        assert len(postgres_rows.get("/comm/api/messages/", {name: '{"course": 1}'}).json()) == len(rows)


@pytest.mark.servers
def test_e_mails_are_found_by_an_address(postgres_rows):
    EmailQueue.objects.create(to_addresses=["ana@example.com", "ben@example.com"])
    EmailQueue.objects.create(to_addresses=["eva@example.com"])
    response = postgres_rows.get("/comm/api/email_queue/", {"to_addresses__contains": '["ben@example.com"]'})
    assert [one["to_addresses"][0] for one in response.json()] == ["ana@example.com"]


@pytest.mark.servers
@pytest.mark.parametrize(
    "value", ["", "{", "NaN", "1e400", '"\\ud800"', '{"a": "\\u0000"}', "[" * 4000, "x" * 5000], ids=range(8)
)
def test_what_is_no_json_is_refused(postgres_rows, value):
    response = postgres_rows.get("/comm/api/messages/", {"metadata__contains": value})
    assert (response.status_code, list(response.json())) == (400, ["metadata__contains"])


@pytest.mark.django_db
def test_sqlite_says_that_it_cannot_search(settings, compat):
    settings.COMM_API = "ninja"
    response = Client().get("/comm/api/messages/", {"metadata__contains": "{}"})
    assert (response.status_code, response.json()) == (
        400,
        {"metadata__contains": ["This database cannot search in JSON."]},
    )


@pytest.mark.servers
def test_the_filters_use_the_indexes(postgres_rows):
    filters = {(model, column) for model, columns in COLUMNS.items() for column in columns}
    indexed = {(table, column) for table, column in json_indexes.INDEXES.values()}
    assert {(model._meta.db_table, column) for model, column in filters} == indexed
    for model, column in filters:
        values = [{column: {"n": n} if column != "to_addresses" else [f"{n}@example.com"]} for n in range(2000)]
        model.objects.bulk_create(
            model(**MADE[model], **({"to_addresses": []} if model is EmailQueue else {}) | one) for one in values
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for model, column in filters:
        asked = '["7@example.com"]' if column == "to_addresses" else '{"n": 7}'
        rows = containing(model.objects.all(), {f"{column}{SUFFIX}": asked})
        [name] = [name for name, place in json_indexes.INDEXES.items() if place == (model._meta.db_table, column)]
        assert f"Bitmap Index Scan on {name}" in rows.explain()
        assert rows.count() == 1


@pytest.mark.servers
def test_the_migration_makes_its_indexes_again_where_one_was_left_invalid(postgres_rows):
    made = indexes()
    assert set(made) == set(json_indexes.INDEXES)
    assert all("USING gin" in definition and "jsonb_path_ops" in definition for definition in made.values())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'comm_messages_metadata'::regclass")
    with connection.schema_editor(atomic=False) as editor:
        json_indexes.make(None, editor)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid")
            assert cursor.fetchone() == (0,)
        json_indexes.drop(None, editor)
        assert indexes() == {}
        json_indexes.make(None, editor)
    assert indexes() == made
