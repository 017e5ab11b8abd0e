"""Tokens and tickets do not reach any log."""

import io
import logging

import pytest
from django.conf import settings
from gunicorn.glogging import SafeAtoms

from gistagum.secrets_in_logs import ACCESS_LOGS, RedactMessage, RedactSecrets, redacted

SECRET = "0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        (f"GET /sse/events/?token={SECRET} HTTP/1.1", "GET /sse/events/?token=… HTTP/1.1"),
        (f"/?a=1&token={SECRET}&last_event_id=7", "/?a=1&token=…&last_event_id=7"),
        (f"/ws?ticket={SECRET}#x", "/ws?ticket=…#x"),
        (f"'/?TOKEN=Bearer%20{SECRET}'", "'/?TOKEN=…'"),
        (f"/attachments/7/download?signature={SECRET}&download=1", "/attachments/7/download?signature=…&download=1"),
        (f"'/?token=Bearer {SECRET}&a=1'", "'/?token=…&a=1'"),
        (f"/?%74o%6B%45n={SECRET} HTTP/1.1", "/?%74o%6B%45n=… HTTP/1.1"),
        ("/?tokens=none&page=2", "/?tokens=none&page=2"),
        ("/?token=&a=1", "/?token=&a=1"),
    ],
)
def test_the_value_is_replaced_and_nothing_else(text, safe):
    assert redacted(text) == safe


def record(message: str, *args: object, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("any", logging.INFO, __file__, 1, message, args, None)
    made.__dict__.update(more)
    return made


def test_uvicorns_arguments_stay_arguments():
    """Its formatter takes them apart."""
    line = record('%s - "%s %s HTTP/%s" %d', "1.2.3.4:5", "GET", f"/?token={SECRET}", "1.1", 200)
    assert RedactSecrets().filter(line)
    assert line.args == ("1.2.3.4:5", "GET", "/?token=…", "1.1", 200)


def test_gunicorns_atoms_stay_what_they_are():
    atoms = SafeAtoms({"r": f"GET /?token={SECRET} HTTP/1.1", "f": f"http://a/?ticket={SECRET}", "s": "200"})
    line = record('"%(r)s" %(s)s "%(f)s" %(unknown)s', atoms)
    assert RedactSecrets().filter(line)
    assert line.getMessage() == '"GET /?token=… HTTP/1.1" 200 "http://a/?ticket=…" -'


class Asked:
    def __str__(self) -> str:
        return f"<GET '/?token={SECRET}'>"


def test_what_an_argument_turns_into_is_redacted_by_our_own_handlers():
    line = record("Refused: %s", Asked())
    assert RedactMessage().filter(line)
    assert line.getMessage() == "Refused: <GET '/?token=…'>"


def test_a_traceback_is_redacted():
    handler = logging.StreamHandler(io.StringIO())
    handler.addFilter(RedactMessage())
    logger = logging.Logger("any")
    logger.addHandler(handler)
    try:
        raise ValueError(f"/?token={SECRET}")
    except ValueError:
        logger.exception("It failed.")
    assert SECRET not in handler.stream.getvalue()
    assert "ValueError: /?token=…" in handler.stream.getvalue()


def test_our_handlers_and_the_servers_access_logs_are_redacted():
    assert "redacted" in settings.LOGGING["handlers"]["stderr"]["filters"]
    for name in ACCESS_LOGS:
        assert any(isinstance(one, RedactSecrets) for one in logging.getLogger(name).filters), name


def test_uvicorns_word_of_a_socket_is_redacted():
    out = io.StringIO()
    logger, handler = logging.getLogger("uvicorn.error"), logging.StreamHandler(out)
    logger.addHandler(handler)
    try:
        logger.warning('%s - "WebSocket %s" [accepted]', "1.2.3.4:5", f"/ws/chat/?token={SECRET}")
    finally:
        logger.removeHandler(handler)
    assert out.getvalue() == '1.2.3.4:5 - "WebSocket /ws/chat/?token=…" [accepted]\n'
