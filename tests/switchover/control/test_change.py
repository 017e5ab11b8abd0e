"""Taking WebSocket away and giving it back, from the control room."""

import pytest
from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.test import Client

from projeng.access import Role
from realtime.log.models import Event
from realtime.rollout.models import TransportChange, TransportHold
from switchover.transport import demotions
from tests.support.people import person

ROOM = "/ops/realtime/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()


@pytest.fixture
def staff():
    return person(Role.HEAD, "maria", is_staff=True)


@pytest.fixture
def engineer():
    return person(Role.ENGINEER, "ana", first_name="Ana", last_name="Reyes")


def _client(user, **options) -> Client:
    client = Client(headers={"accept": "text/html"}, **options)
    client.force_login(user)
    return client


def _send(user, address: str = ROOM, **fields: str) -> str:
    """What the person is told, after they were led back to where they were."""
    answer = _client(user).post(address, fields)
    assert answer.status_code == 302
    assert answer["Location"] == address
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


@pytest.mark.parametrize(
    ("fields", "target"),
    [
        ({"scope": "all"}, lambda engineer: ("all", "")),
        ({"scope": "group", "group": "Project Engineer"}, lambda engineer: ("group", "Project Engineer")),
        ({"scope": "user", "person": "ana"}, lambda engineer: ("user", str(engineer.pk))),
    ],
)
def test_taken_and_given_back_with_who_and_why(staff, engineer, fields, target):
    told = _send(staff, action="take", reason="It stutters", **fields)
    assert told.startswith("WebSocket is taken away from")
    [hold] = TransportHold.objects.all()
    assert (hold.scope, hold.target) == target(engineer)
    assert (hold.reason, hold.by) == ("It stutters", "maria")
    assert Event.objects.filter(type="transport_changed").count() == 1
    html = _client(staff).get(ROOM).content.decode()
    assert "It stutters" in html.split('data-region="demotions"')[1]
    assert _send(staff, action="give_back", **fields).startswith("Given back to")
    assert not TransportHold.objects.exists()
    assert list(TransportChange.objects.values_list("action", "by")) == [("give_back", "maria"), ("take", "maria")]


def test_giving_back_to_everybody_lifts_every_hold(staff, engineer):
    _send(staff, action="take", scope="user", person="ana", reason="x")
    _send(staff, action="take", scope="group", group="Project Engineer", reason="x")
    _send(staff, action="give_back", scope="all")
    assert not TransportHold.objects.exists()


def test_again_changes_nothing_and_says_so(staff):
    _send(staff, action="take", scope="all", reason="first")
    assert _send(staff, action="take", scope="all", reason="second") == "It was taken away from everybody already."
    assert TransportHold.objects.get().reason == "first"
    _send(staff, action="give_back", scope="all")
    assert _send(staff, action="give_back", scope="all") == "Nothing was taken from everybody."
    assert TransportChange.objects.count() == 2


def test_one_is_led_back_to_the_same_people(staff, engineer):
    _send(staff, f"{ROOM}?q=ana&sort=lag&page=1", action="take", scope="user", person="ana", reason="x")
    assert TransportHold.objects.exists()


def test_the_hold_of_a_group_that_is_gone_can_be_lifted(staff):
    group = Group.objects.create(name="Pilots")
    _send(staff, action="take", scope="group", group="Pilots", reason="x")
    group.delete()
    assert "Given back" in _send(staff, action="give_back", scope="group", group="Pilots")


def test_the_hold_of_an_account_that_is_gone_is_shown(staff):
    demotions.demote("user", "987654", reason="x", by="y")
    assert "An account that is gone" in _client(staff).get(ROOM).content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"action": "take"},
        {"action": "take", "scope": "all"},
        {"action": "take", "scope": "all", "reason": "   "},
        {"action": "take", "scope": "all", "reason": "x" * 301},
        {"action": "take", "scope": "all", "reason": "a\0b"},
        {"action": "take", "scope": "planet", "reason": "x"},
        {"action": "destroy", "scope": "all", "reason": "x"},
        {"action": "take", "scope": "group", "reason": "x"},
        {"action": "take", "scope": "group", "group": "No such group", "reason": "x"},
        {"action": "take", "scope": "group", "group": "\0", "reason": "x"},
        {"action": "take", "scope": "user", "reason": "x"},
        {"action": "take", "scope": "user", "person": "nobody-like-that", "reason": "x"},
        {"action": "take", "scope": "user", "person": "1 OR 1=1", "reason": "x"},
        {"action": "take", "scope": "user", "person": "y" * 5000, "reason": "x"},
    ],
)
def test_what_makes_no_sense_changes_nothing(staff, fields):
    assert _send(staff, **fields).startswith("Nothing was changed.")
    assert not TransportHold.objects.exists()
    assert not TransportChange.objects.exists()


def test_a_reason_is_never_markup(staff):
    _send(staff, action="take", scope="all", reason="<img src=x onerror=alert(1)>")
    html = _client(staff).get(ROOM).content.decode()
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html


@pytest.mark.parametrize("role", [Role.HEAD, Role.ENGINEER, None])
def test_only_staff_may(role):
    answer = _client(person(role)).post(ROOM, {"action": "take", "scope": "all", "reason": "x"})
    assert answer.status_code == 404
    assert not TransportHold.objects.exists()


def test_not_without_the_token_of_the_page(staff):
    client = _client(staff, enforce_csrf_checks=True)
    assert client.post(ROOM, {"action": "take", "scope": "all", "reason": "x"}).status_code == 403
    assert not TransportHold.objects.exists()


def test_not_by_a_link(staff):
    _client(staff).get(ROOM, {"action": "take", "scope": "all", "reason": "x"})
    assert not TransportHold.objects.exists()
