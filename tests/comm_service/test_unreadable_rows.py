"""Rows that SQL has written and Python cannot hold: shown alike by both sides, and no end of a list."""

import json

import pytest
from django.db import connection
from django.test import Client

from comm_service.email import passes
from comm_service.email.sending import Outcome
from comm_service.json_values import MAX_DEPTH, read_stored
from comm_service.models import EmailQueue, Message
from tests.comm_service.asking import U, V, ask, content, shown

TIMES = ["infinity", "-infinity", "0044-03-15 00:00+00 BC", "10000-01-01 00:00+00", "294276-12-31 00:00+00"]
READABLE = ["0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00", "2026-11-30 12:00:00.5+00"]
JSON = ["to_jsonb(1e400::numeric + 0.5)", "'[1e5000]'", f"'{'[' * 3000}{']' * 3000}'"]
SIDES = ["legacy", "ninja"]


@pytest.fixture
def rows(new_database, on_database, compat):
    """Messages with each of these times and JSON values."""
    on_database(new_database("postgres"))
    insert = "INSERT INTO messages (id, sender_id, receiver_id, created_at, read_at, metadata) VALUES "
    values = [f"(gen_random_uuid(), '{U}', '{V}', '{time}', '{time}', '{{}}')" for time in TIMES + READABLE]
    values += [f"(gen_random_uuid(), '{U}', '{V}', now(), NULL, {value})" for value in JSON]
    with connection.cursor() as cursor:
        cursor.execute(insert + ", ".join(values))


def answer(settings, side, method, path, body=None):
    settings.COMM_API = side
    return ask(Client(), method, path, body)


def bodies(settings, path):
    answers = [answer(settings, side, "GET", path) for side in SIDES]
    assert [one.status_code for one in answers] == [200, 200]
    return [content(one) for one in answers]


@pytest.mark.servers
def test_they_are_shown_alike_and_can_be_changed_and_deleted(rows, settings):
    old, new = bodies(settings, "messages/")
    assert old == new
    listed = json.loads(old)
    assert len(listed) == len(TIMES + READABLE + JSON)
    assert [one["created_at"] for one in listed].count(None) == len(TIMES)
    assert [one["metadata"] for one in listed].count(None) == len(JSON)
    assert {"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"} <= {one["created_at"] for one in listed}
    for number, one in enumerate(listed):
        path = f"messages/{one['id']}/"
        old, new = bodies(settings, path)
        assert old == new
        assert json.loads(old) == one
        side = SIDES[number % 2]
        kept = Message.objects.filter(pk=one["id"]).extra(select={"kept": "metadata::text"}).values_list("kept")
        before = kept.get()
        assert answer(settings, side, "PATCH", path, {"subject": "x"}).status_code == 200
        assert answer(settings, side, "POST", f"{path}mark_read/").status_code == 200
        assert kept.get() == before
        assert answer(settings, side, "DELETE", path).status_code == 204

    # Lists go on beyond the end of a part that ends with such a row, and pages too.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messages (id, sender_id, receiver_id, created_at, metadata) "
            f"SELECT gen_random_uuid(), '{U}', '{V}', CASE WHEN n < 510 THEN 'infinity' ELSE now() END, '{{}}' "
            "FROM generate_series(1, 520) AS n"
        )
    old, new = bodies(settings, "messages/")
    assert old == new
    ids = [one["id"] for one in json.loads(old)]
    assert len(set(ids)) == len(ids) == 520
    first = answer(settings, "ninja", "GET", "messages/?page_limit=505")
    rest = Client().get(first["Link"].partition("<")[2].partition(">")[0])
    assert [one["id"] for one in [*shown(first), *shown(rest)]] == ids

    # A queue of e-mails goes on, too.
    with connection.cursor() as cursor:
        insert = (
            "INSERT INTO email_queue (id, to_addresses, headers, created_at, scheduled_at, status, attempts) VALUES "
        )
        cursor.execute(
            f"{insert}(gen_random_uuid(), '[1e5000]', '{{}}', '-infinity', NULL, 'pending', 0), "
            "(gen_random_uuid(), '[\"a@example.com\"]', '{}', now(), '-infinity', 'pending', 0)"
        )
    outcomes = passes.run()
    assert outcomes == {Outcome.FAILED: 1, Outcome.SENT: 1}
    assert EmailQueue.objects.filter(status="failed").count() == 1


@pytest.mark.parametrize("text", ["1.5e400", "-1.5e400", "9" * 5000, "[" * 3000 + "]" * 3000, "[" * 402 + "]" * 402])
def test_json_that_no_answer_could_show_reads_as_null(text):
    assert read_stored(text) is None


def test_other_json_reads_as_it_is():
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    for text in ('{"a": [1.5, 1e308, null, "ñ"]}', "[]", "null", "1" * 400, deep, json.dumps(["[" * 1000])):
        assert read_stored(text) == json.loads(text)
