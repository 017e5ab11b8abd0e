"""Events and registrations: capacity, deadline, and whose they are."""

from datetime import timedelta

import pytest
from django.utils import timezone

EVENTS, REGISTRATIONS = "/api/v1/communication/events/", "/api/v1/communication/event-registrations/"


@pytest.fixture
def teacher(client_of):
    return client_of("teacher", 1)


@pytest.fixture
def event(teacher):
    """``event(**fields)``: the id of an event of tenant 1."""

    def make(**fields):
        given = {"title": "Open day", "event_date": "2026-12-01", **fields}
        answer = teacher.post(EVENTS, given, format="json")
        assert answer.status_code == 201, answer.content
        return answer.json()["id"]

    return make


def register(client, event, **fields):
    return client.post(REGISTRATIONS, {"event": event, **fields}, format="json")


def test_students_see_events_of_their_tenant_and_write_none(client_of, event):
    path = f"{EVENTS}{event()}/"
    student, stranger = client_of("student", 1), client_of("student", 2)
    assert student.get(path).json()["title"] == "Open day"
    assert student.post(EVENTS, {"title": "x", "event_date": "2026-12-01"}).status_code == 403
    assert stranger.get(path).status_code == 404


def test_a_person_registers_once(client_of, event):
    number, student = event(), client_of("student", 1)
    answer = register(student, number)
    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in ("event", "user", "status")} == {
        "event": number,
        "user": student.person.pk,
        "status": "registered",
    }
    assert register(student, number).json() == {"event": ["You are registered already."]}


def test_only_as_many_as_there_are_places(client_of, event):
    number = event(max_participants=1)
    first, second = client_of("student", 1), client_of("student", 1)
    place = register(first, number).json()["id"]
    refused = register(second, number)
    assert (refused.status_code, refused.json()) == (400, {"event": ["No place is free."]})
    assert first.patch(f"{REGISTRATIONS}{place}/", {"status": "cancelled"}).status_code == 200
    assert register(second, number).status_code == 201
    again = first.patch(f"{REGISTRATIONS}{place}/", {"status": "registered"})
    assert (again.status_code, again.json()) == (400, {"status": ["No place is free."]})


def test_not_after_the_deadline(client_of, event):
    number = event(registration_deadline=(timezone.now() - timedelta(minutes=1)).isoformat())
    assert register(client_of("student", 1), number).json() == {"event": ["Registration is closed."]}


def test_not_for_an_event_of_another_tenant_or_one_that_was_deleted(client_of, teacher, event):
    number = event()
    assert list(register(client_of("student", 2), number).json()) == ["event"]
    teacher.delete(f"{EVENTS}{number}/")
    assert list(register(client_of("student", 1), number).json()) == ["event"]


def test_whoever_gave_a_place_up_may_take_it_again(client_of, event):
    number, student = event(), client_of("student", 1)
    place = register(student, number).json()["id"]
    assert student.delete(f"{REGISTRATIONS}{place}/").status_code == 204
    assert student.get(REGISTRATIONS).json()["count"] == 0
    assert register(student, number).json()["id"] == place


def test_a_registration_is_its_owners_and_the_editors(client_of, teacher, event):
    number, student, other = event(), client_of("student", 1), client_of("student", 1)
    path = f"{REGISTRATIONS}{register(student, number).json()['id']}/"
    assert other.get(path).status_code == other.patch(path, {"status": "cancelled"}).status_code == 404
    assert other.delete(path).status_code == client_of("teacher", 2).get(path).status_code == 404
    assert other.get(REGISTRATIONS).json()["count"] == 0
    assert teacher.get(REGISTRATIONS, {"event": number}).json()["count"] == 1
    assert student.patch(path, {"status": "attended"}).status_code == 403
    assert teacher.patch(path, {"status": "attended"}).json()["status"] == "attended"


def test_only_editors_register_others(client_of, teacher, event):
    number, student, other = event(), client_of("student", 1), client_of("student", 1)
    assert register(student, number, user=other.person.pk).status_code == 403
    assert register(teacher, number, user=other.person.pk).json()["user"] == other.person.pk


@pytest.mark.parametrize("fields", [{"event": None}, {"event": "x"}, {"event": 2**70}, {"event": [1]}, {"user": "x"}])
def test_a_value_that_cannot_be_is_named(client_of, event, fields):
    given = {"event": event(), **fields}
    answer = client_of("student", 1).post(REGISTRATIONS, given, format="json")
    assert (answer.status_code, list(answer.json())) == (400, list(fields))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_participants", 0),
        ("max_participants", 2**40),
        ("end_time", "08:00"),
        ("start_time", "25:00"),
        ("venue", "x" * 201),
        ("organizer", "nobody"),
        ("registration_deadline", "never"),
    ],
)
def test_a_value_of_an_event_that_cannot_be_is_named(teacher, field, value):
    given = {"title": "Open day", "event_date": "2026-12-01", "start_time": "09:00", field: value}
    answer = teacher.post(EVENTS, given, format="json")
    assert (answer.status_code, list(answer.json())) == (400, [field])
