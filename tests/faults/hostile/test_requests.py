"""Servers respond to malformed requests or close the connection, leak nothing, and keep running."""

import pytest
from hypothesis import given

from projeng import inbox
from projeng.access import Role
from tests.support.people import person, session_cookie
from tests.support.sse import Stream
from tests.support.websocket import Socket

from .raw import Raw, status_of
from .requests import REQUEST, Made

SECRET = "Only for the Head Engineer 7d1f"
QUIET_SECONDS = 0.4  # then the sending side is shut down, since the server may wait for a missing part
LIMIT_SECONDS = 12.0


@pytest.fixture
def cookies(site):
    """The session of a user with a secret, and of one without."""
    head, nobody = person(Role.HEAD), person(None)
    inbox.send([head], SECRET)
    return {"head": session_cookie(head), "nobody": session_cookie(nobody)}


def is_answered(heard: bytes) -> bool:
    return b"\r\n\r\n" in heard and not heard.startswith(b"HTTP/1.1 100")


def ask(site, request: bytes) -> bytes:
    """Return the response. Within the limit, the server must respond or close the connection."""
    with Raw(site) as raw:
        raw.say(request)
        raw.hear(is_answered, QUIET_SECONDS)
        if not is_answered(raw.heard) and not raw.closed:
            raw.done()
            raw.hear(is_answered, LIMIT_SECONDS)
        assert is_answered(raw.heard) or raw.closed, "neither an answer nor an end"
        return raw.heard


@given(request=REQUEST)
def test_any_request_has_an_answer_or_an_end(site, cookies, request: Made):
    heard = ask(site, request.bytes(cookies["nobody"]))
    status = status_of(heard)
    assert not heard.startswith(b"HTTP/") or status is not None
    assert status is None or status < 500 or status in {503, 505}, heard[:300]
    assert SECRET.encode() not in heard
    assert b"Traceback" not in heard
    assert b"DJANGO_SETTINGS" not in heard


@pytest.mark.parametrize("parameter", ["charset=hex", "charset=undefined", "x*=nonsense''a"])
def test_an_encoding_that_is_none_of_text_is_no_error_of_the_site(site, parameter):
    head = f"POST /accounts/login/?next=/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain; {parameter}\r\n"
    assert status_of(ask(site, f"{head}Content-Length: 1\r\n\r\na".encode())) == 403  # it has no CSRF token


def test_the_server_is_well_afterwards(site, cookies):
    assert site.healthy()
    with Stream(f"{site.url}/projeng/api/realtime/events/", cookies["head"]) as stream:
        assert stream.of_type("notification")["unread_count"] == 1
    if site.server != "gunicorn":
        with Socket(f"{site.url}/ws/events/", cookies["head"]) as socket:
            assert socket.of_type("notification")["unread_count"] == 1
    log = site.log.read_text(errors="replace")
    assert "Traceback" not in log, log[max(0, log.index("Traceback") - 500) :][:3000]
