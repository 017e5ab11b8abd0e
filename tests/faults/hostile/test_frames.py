"""Arbitrary frames on an open socket lead to a response or a documented close code, and leak nothing to others."""

import re

import pytest
from hypothesis import given

from projeng import inbox
from projeng.access import Role
from tests.docs.markdown import section
from tests.support.people import person, session_cookie
from tests.support.websocket import Socket

from .frames import CLOSE, TALK, RawSocket, frame

SECRET = "Only for the Head Engineer 93be"
# Gunicorn does not support WebSocket.
pytestmark = pytest.mark.parametrize("running", ["daphne", "uvicorn"], indirect=True, scope="module")


@pytest.fixture
def people(site):
    """A user with a secret and an open socket, and the session of another user."""
    head = person(Role.HEAD)
    with Socket(f"{site.url}/ws/events/", session_cookie(head)) as socket:
        yield head, socket, session_cookie(person(None))


def documented_codes() -> set[int]:
    return {
        int(code)
        for row in section("docs/events.md", "Close codes").table("code")
        for code in re.findall(r"\d+", row[0])
    }


CODES = documented_codes() | {1000, 1005}  # responses to close frames without a code


def said_goodbye(talk: list[bytes]) -> bool:
    """Return whether the frames may contain a close frame, whose code the server then repeats."""
    return any(said[0] & 0x0F == CLOSE for said in talk)


KNOWN = {"pong", "error", "cursor", "notification", "dashboard_update", "transport"}


@given(talk=TALK)
def test_any_talk_has_an_answer_or_an_end(site, people, talk: list[bytes]):
    _, _, cookie = people
    with RawSocket(site, "/ws/events/", cookie) as socket:
        for said in talk:
            socket.say(said)
        socket.say(frame(b'{"type":"ping"}'))
        # The ping may have become part of a truncated frame. Then there is no response.
        socket.listen(lambda: any(one["type"] == "pong" for text in socket.texts for one in text), 0.3)
        if socket.code is None and not socket.closed:
            socket.done()
            socket.listen(lambda: False, 10)
        heard = [one for text in socket.texts for one in text]
        assert {one["type"] for one in heard} <= KNOWN, heard
        assert SECRET not in str(heard)
        if socket.code is None:
            assert socket.closed or any(one["type"] == "pong" for one in heard), "neither an answer nor an end"
        else:
            assert socket.code in CODES or (3000 <= socket.code < 5000 and said_goodbye(talk))


def test_the_server_is_well_afterwards(site, people):
    head, socket, _ = people
    inbox.send([head], SECRET)
    socket.saying(SECRET)
    assert site.healthy()
    log = site.log.read_text(errors="replace")
    log = re.sub(r"Invalid UTF-8 sequence.*\nTraceback", "", log)  # uvicorn logs this when it closes with 1007
    assert "Traceback" not in log, log[max(0, log.index("Traceback") - 500) :][:3000]
