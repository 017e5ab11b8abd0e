"""The chat's WebSockets: what each generation of clients says and hears."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from messaging import sending
from messaging.chat.sockets.first import FirstChat
from messaging.chat.sockets.second import SecondChat, SecondNotifications
from messaging.models import Message, Receipt
from messaging.notices.announcing import announce
from realtime.log.events import to_json
from tests.messaging.chat.asgi import Socket
from tests.messaging.chat.conftest import OldClient
from tests.support.people import person
from tests.support.ports import wait_until

FIRST, SECOND = "/ws/chat/", "/ws/v2/chat/"


pytestmark = pytest.mark.usefixtures("live_chat")


@pytest.fixture
def ana(live_chat):
    return person(first_name="Ana", last_name="Reyes")


@pytest.fixture
def ben(live_chat):
    return person(first_name="Ben", last_name="Cruz")


def key_of(one) -> str:
    return OldClient(one).key


def talk(scene) -> None:
    asyncio.run(asyncio.wait_for(scene(), 20))


@pytest.mark.parametrize("path", ["/ws/chat/", "/ws/v1/chat/"])
def test_first_generation_a_message_is_told_to_both(ana, ben, path):
    keys = key_of(ana), key_of(ben)

    async def scene() -> None:
        sender, receiver = [await Socket(path, key).opened() for key in keys]
        sender.says({"receiver_id": str(ben.pk), "message": "Good morning"})
        sent, got = await sender.next(), await receiver.next()
        assert sent["type"] == "message_sent"
        assert got["type"] == "chat_message"
        assert set(got) == {"type", "id", "sender_id", "sender_name", "message", "attachment", "timestamp"}
        assert sent["id"] == got["id"]
        assert (got["sender_id"], got["sender_name"], got["message"]) == (ana.pk, "Ana Reyes", "Good morning")
        await sender.leave()
        await receiver.leave()

    talk(scene)
    assert Message.objects.get().text == "Good morning"


@pytest.mark.parametrize("path", [FIRST, SECOND])
def test_a_socket_that_asks_for_ids_resumes_where_another_one_stopped(ana, ben, path):
    key = key_of(ben)

    async def messages(query: str, number: int) -> list:
        socket = await Socket(path, None, query=f"token={key}&last_event_id={query}").opened()
        if query == "":
            for text in ("One", "Two"):
                await asyncio.to_thread(sending.send, sender=ana, receiver=ben, text=text)
        got = []
        while len(got) < number:
            frame = await socket.next()
            got += [frame] if frame["type"] in {"message", "chat_message"} else []
        await socket.leave()
        return got

    async def scene() -> None:
        one, two = await messages("", 2)
        assert (one["message"], two["message"]) == ("One", "Two")
        assert await messages(str(one["event_id"]), 1) == [two]

    talk(scene)


def test_first_generation_what_was_wrong_is_said_in_its_words(ana, ben):
    key = key_of(ana)
    said = [
        ({}, "receiver_id is required"),
        ({"receiver_id": str(ben.pk)}, "message or attachment is required"),
        ({"receiver_id": "no id", "message": "Hi"}, "Failed to send message. Receiver not found."),
        ({"receiver_id": "987654321", "message": "Hi"}, "Failed to send message. Receiver not found."),
        ({"receiver_id": str(ben.pk), "message": 7}, "message must be text"),
        ({"receiver_id": str(ben.pk), "attachment": "/etc/passwd"}, "attachment must be a file"),
        ("no JSON", "Invalid JSON format"),
        (["a list"], "Invalid JSON format"),
        ("[" * 100_000, "Invalid JSON format"),
        ({"type": {}, "receiver_id": str(ben.pk), "message": "Hi"}, "Unknown message type"),
    ]

    async def scene() -> None:
        socket = await Socket(FIRST, key).opened()
        for message, error in said:
            socket.says(message)
            assert await socket.next() == {"type": "error", "error": error}, message
        await socket.leave()

    talk(scene)
    assert not Message.objects.exists()


def test_first_generation_the_very_first_client_is_understood(ana, ben):
    keys = key_of(ana), key_of(ben)

    async def scene() -> None:
        sender, receiver = [await Socket(FIRST, f"Bearer%20{key}").opened() for key in keys]
        sender.says({"type": "typing", "recipient_id": str(ben.pk)})
        sender.says({"type": "chat_message", "recipient_id": str(ben.pk), "message": "Hi"})
        assert (await receiver.next())["message"] == "Hi"
        receiver.says({"type": "mark_read", "sender_id": str(ana.pk)})
        await asyncio.to_thread(
            wait_until, lambda: Receipt.objects.exclude(read_at=None).exists(), "the message is read", 5
        )
        await sender.leave()
        await receiver.leave()

    talk(scene)


@pytest.mark.parametrize("path", ["/ws/notifications/", "/ws/v1/notifications/"])
def test_first_generation_notifications(ana, path):
    key = key_of(ana)

    async def scene() -> None:
        socket = await Socket(path, key).opened()
        socket.says({"type": "anything"})
        await asyncio.to_thread(announce, title="Title", message="Text", person=ana)
        said = await socket.next()
        assert (said["type"], said["title"], said["message"]) == ("notify", "Title", "Text")
        assert {"id", "notification_type", "timestamp"} <= set(said)
        await socket.leave()

    talk(scene)


@pytest.mark.parametrize("token", ["invented", "", "%00", None])
def test_first_generation_a_wrong_token_gets_403(ana, token):
    async def scene() -> None:
        socket = Socket(FIRST, token)
        assert await socket.event() == {"type": "websocket.close"}
        await socket.leave()

    talk(scene)


def test_second_generation_a_wrong_token_gets_4001(ana):
    async def scene() -> None:
        socket = await Socket(SECOND, "invented").opened()
        assert await socket.event() == {"type": "websocket.close", "code": 4001}
        await socket.leave()

    talk(scene)


def test_second_generation_a_conversation(ana, ben):
    keys = key_of(ana), key_of(ben)

    async def scene() -> None:
        sender, receiver = [await Socket(SECOND, key).opened() for key in keys]
        for socket, one in ((sender, ana), (receiver, ben)):
            opening = await socket.next()
            assert (opening["type"], opening["status"], opening["user_id"]) == ("connection", "connected", one.pk)
        sender.says({"receiver_id": str(ben.pk), "message": "Hi", "temp_id": "t1"})
        heard = {}
        for _ in range(3):
            frame = await sender.next()
            heard[frame["type"]] = frame
        assert set(heard) == {"message_sent", "message", "delivery_receipt"}
        assert heard["message_sent"]["temp_id"] == "t1"
        assert isinstance(heard["message_sent"]["conversation_id"], str)
        got = await receiver.next()
        assert (got["type"], got["message"], got["sender_id"], got["receiver_id"]) == ("message", "Hi", ana.pk, ben.pk)
        assert "delivered_at" in got
        receiver.says({"type": "read_receipt", "message_ids": [got["id"]]})
        answers = [await receiver.next(), await receiver.next()]
        assert {one["type"] for one in answers} == {"read_receipt_sent", "read_receipt"}
        assert next(one["count"] for one in answers if one["type"] == "read_receipt_sent") == 1
        read = await sender.next()
        assert (read["type"], read["message_id"], read["reader_id"]) == ("read_receipt", got["id"], ben.pk)
        sender.says({"type": "dance"})
        assert await sender.next() == {"type": "error", "error": "Unknown message type: dance"}
        sender.says({"type": "get_online_status", "user_id": str(ben.pk)})
        status = await sender.next()
        assert (status["type"], status["user_id"]) == ("online_status", ben.pk)
        await sender.leave()
        await receiver.leave()

    talk(scene)


def test_second_generation_notifications(ana):
    key = key_of(ana)

    async def scene() -> None:
        socket = await Socket("/ws/v2/notifications/", key).opened()
        assert (await socket.next())["unread_count"] == 0
        await asyncio.to_thread(announce, title="Title", message="Text", person=ana)
        said = await socket.next()
        assert (said["type"], said["notification"]["title"]) == ("notification", "Title")
        for asked, answered in (
            ({"type": "mark_read", "notification_id": 7}, "notification_read"),
            ({"type": "mark_all_read"}, "all_notifications_read"),
            ({"type": "get_unread_count"}, "unread_count"),
            ({"type": "dance"}, "error"),
        ):
            socket.says(asked)
            assert (await socket.next())["type"] == answered
        await socket.leave()

    talk(scene)


JSON = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats()
    | strategies.text(strategies.characters(exclude_categories=())),
    lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.text(), inner, max_size=3),
    max_leaves=4,
)
SAID = strategies.fixed_dictionaries(
    {},
    optional={
        "type": JSON | strategies.sampled_from(["message", "typing", "read_receipt", "delivery_receipt", "mark_read"]),
        "receiver_id": JSON | strategies.just("BEN"),
        **dict.fromkeys(("message", "temp_id", "message_ids", "message_id", "user_id", "is_typing"), JSON),
    },
)


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
    database=None,
)
@given(said=SAID)
def test_whatever_a_client_says_is_answered_in_frames(ana, ben, said):
    if said.get("receiver_id") == "BEN":
        said["receiver_id"] = str(ben.pk)
    for kind in (FirstChat, SecondChat, SecondNotifications):
        socket = kind()
        socket.user_id = ana.pk
        for frame in socket._carried_out(dict(said)):
            assert to_json(frame).encode()


def test_a_client_that_says_too_much_is_closed(ana):
    key = key_of(ana)

    async def scene() -> None:
        socket = await Socket(SECOND, key).opened()
        await socket.next()
        for _ in range(200):
            socket.says({"type": "dance"})
        while (event := await socket.event())["type"] == "websocket.send":
            pass
        assert event == {"type": "websocket.close", "code": 4029}
        await socket.leave()

    talk(scene)


def test_whoever_signs_out_loses_the_socket(ana):
    client = OldClient(ana)

    async def scene() -> None:
        socket = await Socket(FIRST, client.key).opened()
        await asyncio.to_thread(lambda: ana.auth_token.delete())
        assert await socket.event() == {"type": "websocket.close", "code": 4401}
        await socket.leave()

    talk(scene)


def test_messages_of_larger_conversations_are_not_for_old_clients(ana, ben):
    from messaging import conversations

    key = key_of(ben)
    group = conversations.create(creator=ana, kind="group", participants=[ben])

    async def scene() -> None:
        socket = await Socket(SECOND, key).opened()
        await socket.next()
        await asyncio.to_thread(lambda: sending.send(sender=ana, conversation=group, text="To all"))
        await asyncio.to_thread(lambda: sending.send(sender=ana, receiver=ben, text="To Ben"))
        assert (await socket.next())["message"] == "To Ben"
        await socket.leave()

    talk(scene)
