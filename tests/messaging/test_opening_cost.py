"""What it costs to open a conversation and to list all of them does not grow with what was written there.

Counted are the steps of SQLite's virtual machine, and the pages of tables and indexes that PostgreSQL looks at.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory

from messaging import conversations, unread
from messaging.models import Conversation, Message, Participant, Receipt
from messaging.page import conversations as page
from tests.support.people import person

SHORT, LONG = 60, 6_000  # more than a page
MORE = 1.3  # an index of a longer table is a level deeper


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def address(request, new_database) -> str:
    """The database of this module's tests."""
    return new_database(request.param)


@pytest.fixture(autouse=True)
def _on_it(address, on_database) -> None:
    on_database(address)


def filled(kind: str, reader: Any, messages: int, read: int = 0) -> Conversation:
    """A conversation in which the reader has read the first ``read`` of so many messages of somebody else."""
    other = person()
    place = conversations.create(creator=other, kind=kind, participants=[reader])
    written = Message.objects.bulk_create(
        Message(conversation=place, seq=number, sender=other, text="x") for number in range(1, messages + 1)
    )
    if kind == "direct":
        now = written[0].sent_at
        Receipt.objects.bulk_create(
            Receipt(message=message, person=reader, read_at=now if message.seq <= read else None) for message in written
        )
    Participant.objects.filter(conversation=place, person=reader).update(last_read_seq=read, settled_seq=read)
    place.last_seq, place.last_message, place.last_message_at = messages, written[-1], written[-1].sent_at
    place.save()
    return place


def cost_of(act: Callable[[], Any]) -> int:
    """The steps or pages of all queries of an act."""
    seen: list[tuple[str, Any]] = []

    def note(execute: Callable, sql: str, params: Any, *details: Any) -> Any:
        seen.append((sql, params))
        return execute(sql, params, *details)

    with connection.execute_wrapper(note):
        act()
    reads = [(sql, params) for sql, params in seen if sql.startswith("SELECT")]
    assert reads
    return sum(_cost(sql, params) for sql, params in reads)


def _cost(sql: str, params: Any) -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
            found = cursor.fetchone()[0]
            plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
            return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        connection.connection.set_progress_handler(count, 10)
        try:
            cursor.execute(sql, params)
            cursor.fetchall()
        finally:
            connection.connection.set_progress_handler(None, 0)
        return steps


def analyzed() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def opening(reader: Any, place: Conversation) -> Callable[[], None]:
    request = RequestFactory().get("/")
    request.user = reader

    def act() -> None:
        for view in (page.one, page.history):
            assert view(request, conversation_id=place.pk).status_code == 200

    return act


@pytest.mark.parametrize("kind", ["group", "direct"])
@pytest.mark.parametrize("is_read", [False, True])
def test_opening_a_long_conversation_costs_what_a_short_one_does(kind, is_read):
    reader = person()
    short, long = (filled(kind, reader, number, read=number if is_read else 0) for number in (SHORT, LONG))
    analyzed()
    assert unread.of_conversation(reader, long) == (0 if is_read else LONG)
    assert cost_of(opening(reader, long)) <= MORE * cost_of(opening(reader, short))


def test_the_list_costs_the_same_however_much_is_unread():
    ana, ben = person(), person()
    for _ in range(5):
        filled("direct", ana, 10)
        filled("direct", ben, LONG // 5)
    analyzed()
    assert unread.total(ben) == (LONG, 5)
    costs = {one: cost_of(lambda one=one: conversations.list_for(one)) for one in (ana, ben)}
    assert costs[ben] <= MORE * costs[ana]


def test_messages_that_were_read_out_of_order_are_looked_for_only_before_the_newest_that_was_read():
    reader = person()
    place = filled("direct", reader, LONG)
    Receipt.objects.filter(message__conversation=place, message__seq=30).update(read_at=place.last_message_at)
    Participant.objects.filter(conversation=place, person=reader).update(last_read_seq=30)
    short = filled("direct", reader, SHORT)
    analyzed()
    assert unread.of_conversation(reader, place) == LONG - 1

    def counting(one: Conversation) -> Callable[[], int]:
        return lambda: unread.of_conversation(reader, one)

    assert cost_of(counting(place)) <= cost_of(counting(short)) + 30 * (20 if connection.vendor == "sqlite" else 8)
