"""The old side's lists: order, selection, and what a long one costs."""

import weakref
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext

from comm_service.listing import CHUNK
from comm_service.models import Message
from tests.comm_service.asking import U, V, ask, content, row_of, shown

MANY = 10_000


def messages(count, **values):
    """Rows with times of their own, in no order."""
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    rows = [Message(sender_id=U, receiver_id=V, subject=str(number), **values) for number in range(count)]
    Message.objects.bulk_create(rows, batch_size=2000)
    for number, row in enumerate(rows):
        row.created_at = begin + timedelta(seconds=(number * 7919) % count)
    Message.objects.bulk_update(rows, ["created_at"], batch_size=100)


@pytest.mark.parametrize("count", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1])
def test_a_list_holds_every_row_once_and_the_newest_first(legacy, count):
    messages(count)
    said = shown(ask(legacy, "GET", "messages/"))
    assert len({one["id"] for one in said}) == len(said) == count
    times = [one["created_at"] for one in said]
    assert times == sorted(times, reverse=True)


def test_rows_of_the_same_time_are_all_there(legacy):
    Message.objects.bulk_create(Message(sender_id=U, receiver_id=V) for _ in range(2 * CHUNK + 3))
    Message.objects.update(created_at=datetime(2025, 1, 1, tzinfo=UTC))
    said = shown(ask(legacy, "GET", "messages/"))
    assert len({one["id"] for one in said}) == len(said) == 2 * CHUNK + 3


def test_a_streamed_list_is_written_as_a_short_one_is(legacy):
    messages(CHUNK + 2)
    for accept in ("application/json", "application/json; indent=3"):
        response = ask(legacy, "GET", "messages/", HTTP_ACCEPT=accept)
        assert response.streaming
        assert response["Content-Type"] == "application/json"
        assert response["Allow"] == "GET, POST, HEAD, OPTIONS"
        text = content(response).decode()
        member = content(ask(legacy, "GET", f"messages/{Message.objects.first().pk}/", HTTP_ACCEPT=accept)).decode()
        if accept.endswith("3"):
            member = "   " + member.replace("\n", "\n   ")
            assert text.startswith(f"[\n{member},\n   {{")
            assert text.endswith("\n   }\n]")
        else:
            assert text.startswith(f"[{member},{{")
            assert text.endswith("}]")


def test_a_list_selects_what_the_path_says(legacy):
    sent, received = row_of("messages"), row_of("messages", sender_id=V, receiver_id=U)
    for path, row in ((f"messages/sent/{U}/", sent), (f"messages/received/{U}/", received)):
        assert [one["id"] for one in shown(ask(legacy, "GET", path))] == [str(row.pk)]
    failed = row_of("email_queue", status="failed")
    row_of("email_queue")
    assert [one["id"] for one in shown(ask(legacy, "GET", "email_queue/by_status/failed/"))] == [str(failed.pk)]


def test_a_list_of_ten_thousand_rows_takes_the_memory_of_two_parts_and_few_queries(legacy, monkeypatch):
    Message.objects.bulk_create((Message(sender_id=U, receiver_id=V) for _ in range(MANY)), batch_size=1000)
    alive: weakref.WeakSet[Message] = weakref.WeakSet()
    read = Message.from_db.__func__

    def from_db(cls, *args):
        row = read(cls, *args)
        alive.add(row)
        return row

    monkeypatch.setattr(Message, "from_db", classmethod(from_db))
    with CaptureQueriesContext(connection) as queries:
        most, written = 0, 0
        for part in ask(legacy, "GET", "messages/").streaming_content:
            most, written = max(most, len(alive)), written + part.count(b'"read_at"')
    assert written == MANY
    assert CHUNK <= most < 3 * CHUNK
    assert len(queries) <= MANY // CHUNK + 2


def test_under_asgi_a_long_list_is_sent_in_parts(legacy):
    Message.objects.bulk_create(Message(sender_id=U, receiver_id=V) for _ in range(2 * CHUNK + 1))

    async def parts():
        response = await AsyncClient().get("/comm/api/messages/")
        assert response.is_async
        return [part async for part in response.streaming_content]

    sent = async_to_sync(parts)()
    assert len(sent) == 5  # brackets, and a part for each chunk
    assert b"".join(sent).count(b'"read_at"') == 2 * CHUNK + 1
