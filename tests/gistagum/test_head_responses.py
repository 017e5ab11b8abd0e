"""HEAD is answered with the headers of GET and no body, in however many parts it is sent."""

import asyncio

import pytest

from gistagum.servers.head_responses import without_bodies_of_head

PARTS = [b"x" * 70_000, b"y" * 70_000, b""]


async def page(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"140000")]})
    for number, part in enumerate(PARTS):
        await send({"type": "http.response.body", "body": part, "more_body": number < 2})


@pytest.mark.parametrize(("method", "bodies"), [("GET", PARTS), ("HEAD", [b"", b"", b""])])
def test_only_responses_to_head_lose_their_body(method, bodies):
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(without_bodies_of_head(page)({"type": "http", "method": method}, None, send))
    start, *parts = sent
    assert start["headers"] == [(b"content-length", b"140000")]
    assert [part["body"] for part in parts] == bodies
    assert [part["more_body"] for part in parts] == [True, True, False]


def test_sockets_are_left_alone():
    seen = []

    async def socket(scope, receive, send):
        seen.append(send)

    asyncio.run(without_bodies_of_head(socket)({"type": "websocket"}, None, "send"))
    assert seen == ["send"]
