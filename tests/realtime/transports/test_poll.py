"""Polling: the same events under the same rules, as one answer."""

import json

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from projeng import inbox
from projeng.access import Role
from projeng.models import Project
from realtime.log import replay
from realtime.log.models import Event
from realtime.log.replay import Frame
from realtime.management.commands.prune_events import prune
from realtime.transports import poll
from tests.support.epochs import begin_epoch
from tests.support.people import person

pytestmark = pytest.mark.django_db
ADDRESS = "/projeng/api/realtime/poll/"


def _ask(user, /, **query):
    client = Client()
    client.force_login(user)
    return client.get(ADDRESS, query)


def _types(answer):
    return [frame["type"] for frame in json.loads(answer.content)["frames"]]


def test_events_since_the_cursor_then_the_state_that_they_changed():
    head = person(Role.HEAD)
    cursor = Event.objects.latest("pk").pk
    Project.objects.create(name="Library", barangay="Apokon")
    answer = _ask(head, last_event_id=cursor).json()
    types = [frame["type"] for frame in answer["frames"]]
    assert set(types[:2]) == {"notification", "project_created"}
    assert types[2:] == ["project_status", "dashboard_update", "transport"]
    ids = [frame["id"] for frame in answer["frames"] if "id" in frame]
    assert ids == sorted(ids)
    assert ids[0] > cursor
    assert answer["cursor"] == Event.objects.latest("pk").pk
    assert answer["more"] is False
    assert _types(_ask(head, last_event_id=answer["cursor"])) == ["transport"]


def test_the_json_of_an_event_is_that_of_the_streams():
    head = person(Role.HEAD)
    cursor = Event.objects.latest("pk").pk
    inbox.send([head], "Road “A” </script> é")
    frame = next(
        frame for frame in _ask(head, last_event_id=cursor).json()["frames"] if frame["type"] == "notification"
    )
    assert frame == json.loads(Frame(Event.objects.latest("pk")).json)


def test_without_a_cursor_it_tells_the_present_state():
    assert _types(_ask(person(Role.HEAD))) == ["notification", "dashboard_update", "transport"]


@pytest.mark.parametrize("cursor", ["x", "999999999", "-1"])
def test_a_cursor_of_no_use_is_answered_with_a_reset_and_the_present_state(cursor):
    types = _types(_ask(person(Role.HEAD), last_event_id=cursor))
    assert types == ["reset", "notification", "dashboard_update", "transport"]


def test_what_is_pruned_while_it_is_read_is_told_with_a_reset(monkeypatch):
    head = person(Role.HEAD)
    cursor = Event.objects.latest("pk").pk
    for number in range(4):
        inbox.send([head], f"Number {number}")
    read = replay.tail

    def pruned_meanwhile(*args):
        prune(cursor + 2)
        return read(*args)

    monkeypatch.setattr(replay, "tail", pruned_meanwhile)
    answer = _ask(head, last_event_id=cursor)
    assert _types(answer) == ["reset", "notification", "dashboard_update", "transport"]
    assert answer.json()["cursor"] == cursor + 4
    assert answer.json()["frames"][1]["unread_count"] == 4


def test_many_events_come_in_pieces_without_gap_or_repetition(monkeypatch):
    monkeypatch.setattr(poll, "MOST", 7)
    head = person(Role.HEAD)
    cursor = begin = Event.objects.latest("pk").pk
    for number in range(20):
        inbox.send([head], f"Number {number}")
    messages, more = [], True
    while more:
        answer = _ask(head, last_event_id=cursor).json()
        messages += [frame["message"] for frame in answer["frames"] if "message" in frame]
        cursor, more = answer["cursor"], answer["more"]
    assert messages == [f"Number {number}" for number in range(20)]
    assert cursor - begin >= 20


def test_nobody_gets_what_is_for_others():
    engineer, head = person(Role.ENGINEER), person(Role.HEAD)
    cursor = Event.objects.latest("pk").pk
    inbox.send([head], "For the head")
    Project.objects.create(name="Library", barangay="Apokon")
    assert _types(_ask(engineer, last_event_id=cursor)) == ["transport"]


def test_refusals_are_those_of_a_stream():
    head = person(Role.HEAD)
    assert Client().get(ADDRESS).status_code == 401
    assert _ask(head, topics="gossip").status_code == 400
    assert _ask(head, user=head.pk + 1).status_code == 409
    assert _ask(head, user=head.pk).status_code == 200
    client = Client()
    client.force_login(head)
    assert client.post(ADDRESS).status_code == 405
    head.is_active = False
    head.save()
    assert client.get(ADDRESS).status_code == 401


def test_an_answer_costs_the_same_however_many_events_it_carries(django_assert_max_num_queries):
    head = person(Role.HEAD)
    client = Client()
    client.force_login(head)
    cursor = Event.objects.latest("pk").pk
    with django_assert_max_num_queries(9):
        client.get(ADDRESS, {"last_event_id": cursor})
    for number in range(50):
        inbox.send([head], f"Number {number}")
    with django_assert_max_num_queries(9):
        client.get(ADDRESS, {"last_event_id": cursor})


@pytest.mark.parametrize("how", ["signed out", "another password"])
def test_who_is_signed_out_while_the_log_is_read_gets_nothing_of_what_followed(monkeypatch, how):
    head = person(Role.HEAD)
    client = Client()
    client.force_login(head)
    cursor = replay.head()
    tail = replay.tail

    def slow(*args):
        if how == "signed out":
            Session.objects.get(pk=client.session.session_key).delete()
        else:
            head.set_password("another")
            head.save()
        inbox.send([head], "Not for this browser")
        return tail(*args)

    monkeypatch.setattr(poll.replay, "tail", slow)
    assert client.get(ADDRESS, {"last_event_id": cursor}).status_code == 401


# --- epochs -----------------------------------------------------------------------------------------------------


def test_a_cursor_of_a_lost_history_is_reset_and_one_at_the_cut_goes_on():
    head = person(Role.HEAD)
    inbox.send([head], "Kept")
    cut = replay.head()
    inbox.send([head], "Lost")
    lost = replay.head()
    Event.objects.filter(pk__gt=cut).delete()
    epoch = begin_epoch()
    answer = _ask(head, last_event_id=lost).json()
    assert answer["frames"][0] == {"type": "reset", "reason": replay.LOST}
    assert _types(_ask(head, last_event_id=lost)) == ["reset", "notification", "dashboard_update", "transport"]
    assert answer["cursor"] == epoch.begins
    inbox.send([head], "New")
    new = replay.head()
    for cursor in (cut, epoch.begins):
        answer = _ask(head, last_event_id=cursor).json()
        assert [frame["id"] for frame in answer["frames"] if "id" in frame] == [new]
        assert answer["cursor"] == new > epoch.begins
    assert _types(_ask(head, last_event_id=lost))[0] == "reset"


def test_whoever_polls_is_told_to_those_who_want_to_know_and_whoever_is_refused_is_not(monkeypatch):
    told = []
    monkeypatch.setattr(poll, "polled", [told.append])
    head = person(Role.HEAD)
    assert _ask(head).status_code == 200
    assert Client().get(ADDRESS).status_code == 401
    assert told == [head.pk]
