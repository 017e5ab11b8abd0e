"""What clients may say, and what happens to those who say anything else."""

import json
import time

import pytest

from projeng import inbox
from tests.support.people import session_cookie
from tests.support.websocket import DeafSocket

# What a client says is heard the same on either database.
pytestmark = pytest.mark.parametrize("site", ["daphne-postgres"], indirect=True)

INVALID = {"type": "error", "message": "Invalid JSON"}
NO_OBJECT = {"type": "error", "message": "A message is a JSON object."}
UNKNOWN = {"type": "error", "message": "Unknown type; types are ping and ack."}
NO_IDS = {"type": "error", "message": "ids is a list of at most 500 whole numbers."}

JUNK = {
    "nothing": ("", INVALID),
    "no JSON": ("hello", INVALID),
    "half of it": ('{"type":"ping"', INVALID),
    "two of it": ('{"type":"ping"}{"type":"ping"}', INVALID),
    "a list": ('[{"type":"ping"}]', NO_OBJECT),
    "text": ('"ping"', NO_OBJECT),
    "a number": ("1e400", NO_OBJECT),
    "an endless number": ("9" * 4_090, INVALID | {"message": None}),
    "NaN": ("NaN", NO_OBJECT),
    "null": ("null", NO_OBJECT),
    "deep lists": ("[" * 4_000, INVALID),
    "deep lists that are closed": ("[" * 2_000 + "]" * 2_000, INVALID | {"message": None}),
    "deep objects": ('{"a":' * 800, INVALID),
    "no type": ("{}", UNKNOWN),
    "an unknown type": ('{"type":"subscribe","topics":["projects"]}', UNKNOWN),
    "a type that is no text": ('{"type":["ping"]}', UNKNOWN),
    "a type of Channels' own": ('{"type":"websocket.disconnect"}', UNKNOWN),
    "a handler of a group": ('{"type":"send_notification","data":{"message":"x"}}', UNKNOWN),
    "an ack of nothing": ('{"type":"ack"}', NO_IDS),
    "an ack of text": ('{"type":"ack","ids":"12"}', NO_IDS),
    "an ack of texts": ('{"type":"ack","ids":["1"]}', NO_IDS),
    "an ack of truths": ('{"type":"ack","ids":[true]}', NO_IDS),
    "an ack of too many": (json.dumps({"type": "ack", "ids": [1] * 501}), NO_IDS),
    "control characters": ("\x00\x01\x02", INVALID),
    "half a character": ('"\\ud800"', NO_OBJECT),
}


@pytest.mark.parametrize("joined", [True, False], ids=["arrays", "single"])
def test_a_ping_is_answered_with_a_pong_and_an_ack_with_nothing(talk, head, joined):
    socket = talk(head, "events/", joined=joined)
    for ids in ([], [1, 2, 3], [-1, 0, 2**70]):
        socket.send({"type": "ack", "ids": ids})
    socket.send({"type": "ping", "extra": "ignored"})
    assert socket.of_type("pong") == {"type": "pong"}
    assert not [frame for frame in socket.frames if frame["type"] == "error"]


def test_junk_is_answered_with_an_error_and_the_socket_goes_on(site, talk, head):
    for name, (text, answer) in JUNK.items():
        socket = talk(head, "notifications/")
        socket.send(text)
        got = socket.of_type("error")
        assert got == answer or (answer["message"] is None and got in (INVALID, NO_OBJECT)), name
        socket.send({"type": "ping"})
        socket.of_type("pong")
        socket.close()
    log = site.log.read_text()
    assert "Traceback" not in log


def test_more_than_4_kb_closes_the_socket(talk, head):
    socket = talk(head, "events/")
    most = json.dumps({"type": "ping", "x": ""}).encode()
    socket.send({"type": "ping", "x": "x" * (4096 - len(most))})
    socket.of_type("pong")
    socket.send({"type": "ping", "x": "x" * (4097 - len(most))})
    assert socket.closed_with() == 1009


def test_it_is_bytes_that_count_not_characters(talk, head):
    socket = talk(head, "events/")
    socket.send("₱" * 1_400)
    assert socket.closed_with() == 1009


def test_a_very_large_message_costs_no_memory_worth_speaking_of(site, talk, head):
    from tests.phase0.test_lifecycle import memory_of

    before = memory_of(site)
    for _ in range(5):
        socket = talk(head, "events/")
        try:
            socket.send("x" * 30_000_000)
        except OSError:
            pass
        except Exception as error:  # noqa: BLE001 (closed while we were still sending)
            assert "close" in type(error).__name__.lower() or "close" in str(error).lower()  # noqa: PT017
        assert socket.closed_with() in {1009, 1006}
    assert memory_of(site) - before < 120 * 2**20


def test_binary_closes_the_socket(talk, head):
    for data in (b"", b"\x00\xff", b'{"type":"ping"}'):
        socket = talk(head, "events/")
        socket.send(data)
        assert socket.closed_with() == 1003


def test_two_hundred_messages_a_second_close_the_socket_and_nobody_elses(talk, head, finance):
    other, socket = talk(finance, "events/"), talk(head, "events/")
    other.next()
    begun = time.monotonic()
    for number in range(200):
        try:
            socket.send({"type": "ping", "number": number})
        except Exception:  # noqa: BLE001 (closed already)
            break
        time.sleep(max(0.0, begun + number / 200 - time.monotonic()))
    assert socket.closed_with() == 4429
    other.send({"type": "ping"})
    other.of_type("pong")


def test_ten_messages_a_second_are_nothing_special(talk, head):
    socket = talk(head, "events/")
    for _ in range(30):
        socket.send({"type": "ping"})
        time.sleep(0.1)  # the pace is what is tested
    for _ in range(30):
        socket.of_type("pong")


def test_a_client_has_time_to_answer_a_close(site, head):
    """One second, as Daphne's library has it, is not enough for a slow phone: it would lose what came just before."""
    with DeafSocket(f"{site.url}/ws/events/?topics=gossip", session_cookie(head)) as slow:
        assert not slow.let_go(2.5), "it is cut off"


@pytest.mark.parametrize("query", ["?topics=gossip", "?topics=", "?topics=notifications,gossip", "?topics=%00"])
def test_an_unknown_topic_is_named_and_the_socket_closed_for_good(talk, head, query):
    for joined in (True, False):
        socket = talk(head, f"events/{query}", joined=joined)
        error = socket.of_type("error")
        assert "topics are notifications, projects, dashboard, messages." in error["message"]
        assert socket.closed_with() == 4403


def test_a_strange_query_is_no_matter(talk, head):
    for query in (
        "?",
        "?&&&",
        "?last_event_id",
        "?topics=projects&topics=notifications",
        "?%ff=%fe",
        "?a=" + "b" * 4000,
    ):
        socket = talk(head, f"events/{query}")
        inbox.send([head], "Well?")
        socket.saying("Well?")


def test_one_who_says_nothing_and_reads_nothing_disturbs_nobody(site, talk, head):
    with DeafSocket(f"{site.url}/ws/events/?topics=notifications", session_cookie(head)):
        socket = talk(head, "notifications/")
        inbox.send([head], "Hello")
        socket.saying("Hello")
