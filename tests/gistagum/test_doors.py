"""Handshakes with a token or a ticket are for other clients than our pages, and see no cookies."""

import asyncio

import pytest

from gistagum.doors import by_credential, presented_key

COOKIE = (b"cookie", b"sessionid=" + b"s" * 32)


def scope(query: str = "", *headers: tuple[bytes, bytes]) -> dict:
    return {"type": "websocket", "query_string": query.encode(), "headers": [(b"host", b"testserver"), *headers]}


@pytest.mark.parametrize(
    ("handshake", "with_token"),
    [
        (scope("token=k"), True),
        (scope("token=k", COOKIE), True),
        (scope("token="), False),
        (scope("ticket=k"), True),
        (scope("", (b"authorization", b"Bearer k")), True),
        (scope("", (b"authorization", b"Basic k"), COOKIE), False),
        (scope("", COOKIE), False),
        (scope("last_event_id=7"), False),
    ],
)
def test_the_office_has_its_sockets_and_whoever_brings_a_token_the_others(handshake, with_token):
    went = []

    async def tokens(scope, receive, send) -> None:
        went.append(True)

    async def sessions(scope, receive, send) -> None:
        went.append(False)

    asyncio.run(by_credential(tokens, sessions)(handshake, None, None))
    assert went == [with_token]


def test_handshakes_are_counted_by_what_they_bring():
    assert presented_key(scope("token=k", COOKIE)) == "k"
    assert presented_key(scope("token=%00")) == "none"
