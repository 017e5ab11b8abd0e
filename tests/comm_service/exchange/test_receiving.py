"""Events of other services become notifications: to whom, with what, and at most one for each event."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from comm_service.exchange import handlers, receiving
from comm_service.exchange.envelope import InvalidEventError, read
from comm_service.exchange.handlers import UserUnknownError, notification_values
from comm_service.exchange.models import ReceivedEvent
from comm_service.exchange.receiving import TRIES, Received, TriedOutError, receive
from comm_service.models import Notification

pytestmark = pytest.mark.django_db

USER, STUDENT, STAGE, OFFER, ENCADRANT, EVALUATION = (UUID(int=number) for number in range(1, 7))


def event(name: str, event_id: str | None = None, **payload):
    fields = {key: str(value) if isinstance(value, UUID) else value for key, value in payload.items()}
    return read(
        json.dumps({"event_type": name, "payload": fields, "event_id": event_id or str(uuid4())}).encode(), name
    )


@pytest.fixture(autouse=True)
def _profile(monkeypatch):
    """The profile service knows one student."""

    def look_up(keys):
        known = {("profile", "student", str(STUDENT)): {"id": str(STUDENT), "user_id": str(USER)}}
        return {key: known.get(tuple(key)) for key in keys}

    monkeypatch.setattr(handlers, "look_up", look_up)


CASES = {
    "student.created": (
        {"user_id": USER, "student_id": STUDENT},
        ("Welcome to MedTrack!", "student", STUDENT, {"student_id": str(STUDENT)}),
    ),
    "encadrant.created": (
        {"user_id": USER, "encadrant_id": ENCADRANT},
        ("Welcome as Encadrant!", "encadrant", ENCADRANT, {"encadrant_id": str(ENCADRANT)}),
    ),
    "stage.created": (
        {"stage_id": STAGE, "student_id": STUDENT, "offer_id": OFFER},
        (
            "New Stage Assignment",
            "stage",
            STAGE,
            {"stage_id": str(STAGE), "student_id": str(STUDENT), "offer_id": str(OFFER)},
        ),
    ),
    "stage.accepted": (
        {"stage_id": STAGE, "student_id": STUDENT, "encadrant_id": ENCADRANT},
        (
            "🎉 Stage Accepted!",
            "stage",
            STAGE,
            {"stage_id": str(STAGE), "student_id": str(STUDENT), "encadrant_id": str(ENCADRANT)},
        ),
    ),
    "stage.completed": (
        {"stage_id": STAGE, "student_id": STUDENT, "completion_date": "2025-04-15"},
        (
            "✅ Stage Completed!",
            "stage",
            STAGE,
            {"stage_id": str(STAGE), "student_id": str(STUDENT), "completion_date": "2025-04-15"},
        ),
    ),
    "evaluation.created": (
        {"evaluation_id": EVALUATION, "stage_id": STAGE, "student_id": STUDENT, "score": 17.5},
        (
            "📊 New Evaluation",
            "evaluation",
            EVALUATION,
            {"evaluation_id": str(EVALUATION), "stage_id": str(STAGE), "score": 17.5},
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_event_becomes_a_notification(name):
    payload, (title, related, related_id, kept) = CASES[name]
    assert receive(event(name, **payload)) is Received.NOTIFIED
    made = Notification.objects.get()
    assert (made.user_id, made.type, made.title, made.status) == (USER, "system", title, "pending")
    assert (made.related_object_type, made.related_object_id) == (related, related_id)
    assert made.metadata == {"event": name, **kept}
    assert made.content


def test_every_handler_is_tested():
    assert set(CASES) == set(handlers.HANDLERS)


def test_a_notification_is_announced_in_the_log():
    from realtime.log.models import Event, OutboxEvent

    receive(event("stage.completed", **CASES["stage.completed"][0]))
    types = {*Event.objects.values_list("type", flat=True), *OutboxEvent.objects.values_list("type", flat=True)}
    assert "comm_notification_created" in types


def test_an_event_that_comes_twice_makes_one_notification():
    again = event("student.created", "e1", **CASES["student.created"][0])
    assert [receive(again), receive(again)] == [Received.NOTIFIED, Received.REPEATED]
    assert Notification.objects.count() == 1


def test_events_that_concern_nobody_are_passed_over_once():
    other = event("grade.published", "e1", grade=15)
    assert [receive(other), receive(other)] == [Received.IGNORED, Received.REPEATED]
    assert not Notification.objects.exists()


def test_a_student_whom_the_profile_service_does_not_name_is_asked_for_again_and_then_given_up():
    unknown = event("stage.created", stage_id=STAGE, student_id=uuid4())
    for _ in range(TRIES):
        with pytest.raises(UserUnknownError):
            receive(unknown)
    with pytest.raises(TriedOutError):
        receive(unknown)
    with pytest.raises(TriedOutError):
        receive(unknown)
    receiving.forget(unknown.key)
    with pytest.raises(UserUnknownError):
        receive(unknown)
    assert not Notification.objects.exists()


def test_a_try_that_ends_its_process_is_counted(monkeypatch):
    class EndedError(BaseException):
        pass

    def ended(*_):
        raise EndedError

    one = event("student.created", **CASES["student.created"][0])
    monkeypatch.setattr(receiving, "notification_values", ended)
    for _ in range(TRIES):
        with pytest.raises(EndedError):
            receive(one)
    with pytest.raises(TriedOutError):
        receive(one)


def test_a_notification_that_cannot_be_made_leaves_the_event_to_be_tried_again(monkeypatch):
    one = event("student.created", **CASES["student.created"][0])

    def refused(*_):
        raise ValueError("refused")

    with monkeypatch.context() as patched:
        patched.setattr(receiving.services, "create", refused)
        with pytest.raises(ValueError, match="refused"):
            receive(one)
    assert receive(one) is Received.NOTIFIED


HOSTILE = {
    "no user": ("student.created", {"student_id": STUDENT}),
    "a user that is no UUID": ("student.created", {"user_id": "7", "student_id": STUDENT}),
    "a user that is a list": ("student.created", {"user_id": ["7"], "student_id": STUDENT}),
    "no object": ("student.created", {"user_id": USER}),
    "an object for a text": ("evaluation.created", {**CASES["evaluation.created"][0], "score": {"a": 1}}),
    "NUL": ("stage.completed", {**CASES["stage.completed"][0], "completion_date": "2025\0"}),
    "half a pair": ("stage.completed", {**CASES["stage.completed"][0], "completion_date": "\ud800"}),
    "a number without end": ("evaluation.created", {**CASES["evaluation.created"][0], "score": 10**400}),
    "a long text": ("evaluation.created", {**CASES["evaluation.created"][0], "score": "x" * 300}),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_payload_that_lacks_what_is_needed_is_refused(what):
    name, payload = HOSTILE[what]
    with pytest.raises(InvalidEventError):
        notification_values(event(name, **payload))


def test_infinity_is_no_score():
    text = json.dumps({"event_type": "evaluation.created", "payload": {"evaluation_id": str(EVALUATION)}})
    with pytest.raises(InvalidEventError):
        notification_values(read(text.replace("}}", ', "score": 1e400}}').encode(), ""))


@pytest.mark.parametrize("answer", [None, [], "text", {}, {"user_id": None}, {"user_id": "7"}])
def test_whatever_else_the_profile_service_answers_is_no_user(answer, monkeypatch):
    monkeypatch.setattr(handlers, "look_up", lambda keys: dict.fromkeys(keys, answer))
    with pytest.raises(UserUnknownError):
        notification_values(event("stage.created", **CASES["stage.created"][0]))


def test_what_was_received_long_ago_is_forgotten():
    receive(event("grade.published", "old"))
    receive(event("grade.published", "new"))
    ReceivedEvent.objects.filter(pk="id:old").update(received_at=timezone.now() - timedelta(days=31))
    assert receiving.prune() == 1
    assert list(ReceivedEvent.objects.values_list("pk", flat=True)) == ["id:new"]
