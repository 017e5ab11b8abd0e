"""Events of both exchanges are read alike, and an event has one identity however it comes."""

import json
from datetime import UTC, datetime

import pytest

from comm_service.exchange.envelope import MAX_BODY, InvalidEventError, outgoing, read

STUDENT = {"student_id": "8b0f6d0e-7a55-4a5f-9e0a-0b8a6f0e1a01"}
TIME = "2025-01-15T10:30:00.123456"


def body(**fields) -> bytes:
    return json.dumps(fields).encode()


def test_what_is_published_has_the_form_of_the_existing_service():
    now = datetime(2025, 1, 15, 10, 30, 0, 123456, tzinfo=UTC)
    assert outgoing("message.sent", {"message_id": "7"}, now) == {
        "event_type": "message.sent",
        "payload": {"message_id": "7"},
        "service": "comm-service",
        "timestamp": TIME,
        "version": "1.0",
    }


@pytest.mark.parametrize(
    ("said", "key", "name"),
    [
        ({"event_type": "stage.created", "payload": STUDENT}, "stage.created", "stage.created"),
        ({"event_type": "core.stage.created", "data": STUDENT}, "core.stage.created", "stage.created"),
        ({"data": STUDENT}, "eval.evaluation.created", "evaluation.created"),
        ({"event_type": "stage.created", "data": STUDENT}, "anything", "stage.created"),
        ({"event_type": "", "payload": STUDENT}, "grade.published", "grade.published"),
        ({"event_type": 7, "payload": STUDENT}, "core.offer.created", "offer.created"),
    ],
)
def test_both_forms_and_both_schemes_of_keys_are_read(said, key, name):
    event = read(body(**said), key)
    assert (event.name, event.payload) == (name, STUDENT)


def test_the_identity_is_the_id_of_the_message_then_of_the_envelope():
    fields = {"event_type": "stage.created", "payload": STUDENT, "timestamp": TIME}
    assert read(body(**fields, event_id="e1", id="i1"), "", "m1").key == "id:m1"
    assert read(body(**fields, event_id="e1", id="i1"), "").key == "id:e1"
    assert read(body(**fields, id="i1"), "").key == "id:i1"


@pytest.mark.parametrize("unfit", ["", "x" * 181, "\n", "é", 7, None])
def test_an_id_that_cannot_be_kept_is_none(unfit):
    assert read(body(event_type="stage.created", payload=STUDENT, event_id=unfit), "").key.startswith("sha256:")


def test_an_event_without_an_id_is_known_by_name_content_and_time():
    one = read(body(event_type="stage.created", payload={"a": 1, "b": 2}, timestamp=TIME), "stage.created")
    other_form = read(
        body(event_type="core.stage.created", data={"b": 2, "a": 1}, timestamp=TIME), "core.stage.created"
    )
    later = read(body(event_type="stage.created", payload={"a": 1, "b": 2}, timestamp=f"{TIME}9"), "stage.created")
    other = read(body(event_type="stage.accepted", payload={"a": 1, "b": 2}, timestamp=TIME), "stage.accepted")
    assert one.key == other_form.key
    assert len({one.key, later.key, other.key}) == 3
    assert len(one.key) < 200


HOSTILE = {
    "nothing": b"",
    "text": b"hello",
    "no UTF-8": b'{"payload": "\xff"}',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "no payload": body(event_type="stage.created"),
    "a payload that is a list": body(event_type="stage.created", payload=[]),
    "a payload that is null": body(event_type="stage.created", payload=None),
    "NaN": b'{"event_type": "stage.created", "payload": {"score": NaN}}',
    "deep": b'{"payload":' + b"[" * 100_000,
    "large": b'{"event_type": "x.y", "payload": {}}' + b" " * MAX_BODY,
    "a long number": b'{"event_type": "x.y", "payload": {"a": ' + b"9" * 5000 + b"}}",
    "a long name": body(event_type="x" * 300, payload={}),
    "a name with a line break": body(event_type="stage\n.created", payload={}),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_event_is_refused(what):
    with pytest.raises(InvalidEventError):
        read(HOSTILE[what], "stage.created")


def test_a_message_without_any_name_is_refused():
    with pytest.raises(InvalidEventError):
        read(body(payload={}), "")
