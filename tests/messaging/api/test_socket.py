"""The WebSocket of the API: a ticket opens it once, what happens is told with its cursor, and nothing is missed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from rest_framework.authtoken.models import Token

from messaging import client_socket, conversations, editing, reactions, receipts
from messaging.api import socket as api_socket
from messaging.models import Receipt
from realtime.access import tickets
from realtime.access.credentials import Credential
from realtime.access.identity import Identity
from realtime.channel_layer import broadcast
from realtime.delivery.hub import Hub
from realtime.delivery.reader import Reader
from realtime.transports import websocket
from realtime.transports.presented import TOKEN
from tests.messaging.chat.asgi import Socket
from tests.messaging.conftest import write
from tests.support.people import person
from tests.support.ports import wait_until


@pytest.fixture(autouse=True)
def hub(new_database, on_database, monkeypatch, settings) -> Iterator[Hub]:
    """A hub whose tail turns by itself, on a database of the test's own."""
    on_database(new_database("sqlite"))
    settings.USE_DAPHNE = True
    made, writers = Hub(), Reader()
    monkeypatch.setattr(client_socket, "writers", writers)  # its threads keep connections to the database of one test
    monkeypatch.setattr(websocket, "hub", made)
    monkeypatch.setattr(broadcast, "hub", made)
    yield made
    made.close()
    made.wake()
    if made._thread:
        made._thread.join(5)
    for reader in (made.reader, writers):
        if reader._pool is not None:
            reader._pool.shutdown()


@pytest.fixture
def ana(hub):
    return person(first_name="Ana", last_name="Reyes")


@pytest.fixture
def ben(hub):
    return person(first_name="Ben", last_name="Cruz")


def ticket_of(someone: Any) -> str:
    token, _ = Token.objects.get_or_create(user=someone)
    return tickets.issue(Identity(someone, Credential(TOKEN, token.key)))


async def opened(someone: Any, after: int | None = None) -> tuple[Socket, dict[str, Any]]:
    """A socket that was let in, and its first frame."""
    ticket = await asyncio.to_thread(ticket_of, someone)
    query = f"ticket={ticket}" + (f"&after={after}" if after is not None else "")
    socket = await Socket("/ws", None, query=query).opened()
    return socket, await socket.next()


async def until(socket: Socket, kind: str) -> dict[str, Any]:
    """The next frame of this type; those of others are left out."""
    while True:
        frame = await socket.next()
        if frame["type"] == kind:
            return frame


def talk(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 20))


def refused(query: str) -> int:
    """The code with which a handshake with this query is closed."""

    async def scene() -> int:
        socket = await Socket("/ws", None, query=query).opened()
        closed = await socket.event()
        assert closed["type"] == "websocket.close"
        return closed["code"]

    return asyncio.run(scene())


def test_the_first_frame_says_where_one_stands(ana, ben):
    write(ben, ana)

    async def scene() -> None:
        socket, hello = await opened(ana)
        assert (hello["type"], hello["user_id"], hello["unread_count"], hello["recovered"]) == (
            "hello",
            ana.pk,
            1,
            False,
        )
        assert (await until(socket, "badge"))["unread_count"] == 1
        await socket.leave()

    talk(scene)


def test_a_ticket_opens_one_socket_and_a_token_in_the_address_none(ana):
    ticket = ticket_of(ana)

    async def scene() -> None:
        socket = await Socket("/ws", None, query=f"ticket={ticket}").opened()
        assert (await socket.next())["type"] == "hello"
        await socket.leave()

    talk(scene)
    assert refused(f"ticket={ticket}") == 4401
    assert refused("ticket=invented") == 4401
    assert refused("ticket=") == 4401
    assert refused("") == 4401
    assert refused(f"token={Token.objects.get(user=ana).key}") == 4401
    assert refused(f"ticket={ticket_of(ana)}&token=x") == 4401


def test_what_happens_in_a_conversation_is_told_with_its_cursor(ana, ben):
    async def scene() -> None:
        socket, hello = await opened(ana)
        message = await asyncio.to_thread(write, ben, ana, "Good morning")
        told = await until(socket, "message")
        assert told["id"] > hello["cursor"]
        assert (told["conversation_id"], told["message"]["content"]) == (message.conversation_id, "Good morning")
        assert (await until(socket, "badge"))["unread_count"] == 1
        await asyncio.to_thread(lambda: editing.edit(actor=ben, message_id=message.pk, text="Good evening"))
        assert (await until(socket, "message_edited"))["message"]["content"] == "Good evening"
        await asyncio.to_thread(reactions.react, ben, message.pk, "👍")
        assert (await until(socket, "reaction"))["counts"] == {"👍": 1}
        await asyncio.to_thread(receipts.mark_read, ana, message_ids=[message.pk])
        receipt = await until(socket, "receipt")
        assert (receipt["user_id"], receipt["read_up_to"]) == (ana.pk, message.pk)
        await asyncio.to_thread(lambda: editing.delete(actor=ben, message_id=message.pk))
        deleted = await until(socket, "message_deleted")
        assert (deleted["message_id"], deleted["by"]) == (message.pk, ben.pk)
        await socket.leave()

    talk(scene)


def test_a_socket_goes_on_after_the_last_event_that_the_client_has(ana, ben):
    async def scene() -> None:
        socket, _ = await opened(ana)
        await asyncio.to_thread(write, ben, ana, "One")
        seen = (await until(socket, "message"))["id"]
        await socket.leave()
        for text in ("Two", "Three"):
            await asyncio.to_thread(write, ben, ana, text)
        socket, hello = await opened(ana, after=seen)
        assert (hello["recovered"], hello["cursor"]) == (True, seen)
        assert [(await until(socket, "message"))["message"]["content"] for _ in range(2)] == ["Two", "Three"]
        await socket.leave()
        socket, hello = await opened(ana, after=10**12)
        assert hello["recovered"] is False
        await socket.leave()

    talk(scene)


def test_what_a_client_says_is_carried_out(ana, ben):
    message = write(ben, ana)

    async def scene() -> None:
        first, _ = await opened(ana)
        other, _ = await opened(ben)
        first.says({"type": "typing", "conversation_id": message.conversation_id, "is_typing": True})
        typing = await until(other, "typing")
        assert (typing["user_id"], typing["is_typing"]) == (ana.pk, True)
        first.says({"type": "read", "conversation_id": message.conversation_id, "message_id": message.pk})
        assert (await until(other, "receipt"))["read_up_to"] == message.pk
        await first.leave()
        await other.leave()

    talk(scene)


def test_an_acknowledgement_is_the_receipt(ana, ben, monkeypatch):
    acknowledged = []
    monkeypatch.setattr(api_socket.deliveries, "acknowledge", lambda *said: acknowledged.append(said))

    async def scene() -> None:
        socket, _ = await opened(ana)
        await asyncio.to_thread(write, ben, ana)
        told = await until(socket, "message")
        socket.says({"type": "ack", "id": told["id"]})
        await asyncio.to_thread(wait_until, lambda: acknowledged, "it is acknowledged", 5)
        assert acknowledged == [(ana.pk, [told["id"]])]
        await socket.leave()

    talk(scene)
    assert Receipt.objects.count() == 1


def test_anything_else_is_answered_with_an_error_and_the_socket_stays(ana, ben, hub):
    stranger = person()
    place = write(ben, stranger).conversation

    async def scene() -> None:
        socket, _ = await opened(ana)
        for said, code in (
            ("no json", "invalid_json"),
            ("[]", "invalid_json"),
            ("[" * 2000, "invalid_json"),
            ({}, "unknown_type"),
            ({"type": ["ack"]}, "unknown_type"),
            ({"type": "message", "content": "x"}, "unknown_type"),
            ({"type": "ack"}, "invalid"),
            ({"type": "ack", "id": "x"}, "invalid"),
            ({"type": "read", "conversation_id": place.pk, "message_id": 1}, "not_found"),
            ({"type": "typing", "conversation_id": place.pk}, "not_found"),
            ({"type": "typing", "conversation_id": {}}, "not_found"),
        ):
            socket.says(said)
            assert (await until(socket, "error"))["code"] == code, said
        await asyncio.to_thread(write, ben, ana)
        await until(socket, "message")
        await socket.leave()

    talk(scene)


def test_nothing_of_others_is_told(ana, ben, hub):
    stranger = person()

    async def scene() -> None:
        socket, _ = await opened(stranger)
        await asyncio.to_thread(write, ben, ana, "Secret")
        await asyncio.to_thread(write, ben, stranger, "For you")
        assert (await until(socket, "message"))["message"]["content"] == "For you"
        await socket.leave()

    talk(scene)


def test_whoever_is_taken_out_of_a_group_hears_nothing_more_within_two_seconds(ana, ben, hub):
    group = conversations.create(creator=ana, kind="group", participants=[ben])

    async def scene() -> None:
        socket, _ = await opened(ben)
        await asyncio.to_thread(write, ana, group, "Before")
        await until(socket, "message")
        began = time.monotonic()
        await asyncio.to_thread(conversations.remove_participant, ana, group, ben)
        assert (await until(socket, "participants"))["removed"] == [ben.pk]
        assert time.monotonic() - began < 2
        await asyncio.to_thread(write, ana, group, "After")
        await asyncio.to_thread(write, ana, ben, "For you")
        assert (await until(socket, "message"))["message"]["content"] == "For you"
        await socket.leave()

    talk(scene)
