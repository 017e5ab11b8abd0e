"""What an application leaves to go on after it has returned: when it does, and when there is nothing to go on with."""

import asyncio

import pytest

from realtime.transports.continuation import defer, with_continuations

HTTP = {"type": "http"}


def start(status: int = 200) -> dict:
    return {"type": "http.response.start", "status": status}


END = {"type": "http.response.body", "body": b""}


def served(scope: dict, *messages: dict) -> list[dict]:
    """What is sent when an application leaves a rest, sends these messages and returns."""
    sent: list[dict] = []

    async def receive() -> dict:
        return {"type": "http.disconnect"}

    async def send(message: dict) -> None:
        sent.append(message)

    async def rest(receive, send) -> None:
        await send({"type": "rest"})

    async def application(scope, receive, send) -> None:
        assert defer(scope, rest)
        for message in messages:
            await send(message)

    asyncio.run(with_continuations(application)(scope, receive, send))
    return sent


def test_it_goes_on_where_the_answer_has_begun_whose_end_is_kept_back():
    assert served(HTTP, start(), END) == [start(), {"type": "rest"}]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_another_answer_in_its_place_is_sent_whole(status):
    assert served(HTTP, start(status), END) == [start(status), END]


def test_whoever_left_before_the_answer_began_is_told_nothing():
    """Django returns without a word; what is to come would wait for a goodbye that was said already."""
    assert served(HTTP) == []


def test_a_socket_goes_on_after_its_handshake():
    assert served({"type": "websocket"}, {"type": "websocket.accept"}) == [
        {"type": "websocket.accept"},
        {"type": "rest"},
    ]


def test_where_nobody_carries_on_the_application_must():
    assert not defer({}, lambda receive, send: None)
