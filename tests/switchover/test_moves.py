"""The registry, and what a move reads from the settings."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory

from switchover import moves
from switchover.callers import Caller
from switchover.deciding import decide
from switchover.moves import Move

from .moving import Greeting


def test_a_registered_move_is_found_by_its_name(move):
    assert moves.get("greeting") is move
    assert move in moves.all_moves()


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Greeting"},
        {"name": "a b"},
        {"name": "x" * 31},
        {"name": "../env"},
        {"new": "morning"},
        {"new": ""},
        {"old": "m" * 21},
    ],
)
def test_what_cannot_be_a_move_is_refused(changed):
    with pytest.raises(ImproperlyConfigured):
        moves.register(type("Other", (Greeting,), changed)())


def test_two_classes_cannot_have_one_name(move):
    with pytest.raises(ImproperlyConfigured):
        moves.register(type("Other", (Greeting,), {})())
    assert moves.register(Greeting()).name == "greeting"  # the same class again replaces its instance


@pytest.mark.django_db
def test_without_settings_everybody_is_given_the_old_way(move):
    assert decide(move, Caller("ana"))[:2] == ("morning", False)


@pytest.mark.django_db
def test_the_settings_grant_the_new_way_to_the_cohort(move, settings):
    settings.GREETING = "evening"
    assert decide(move, Caller("ana"))[:2] == ("evening", False)
    settings.GREETING_CALLERS = ["ben"]  # without a percentage, these alone
    assert decide(move, Caller("ana")).name == "morning"
    assert decide(move, Caller("ben")).name == "evening"
    settings.GREETING_PERCENT = 100
    assert decide(move, Caller("ana")).name == "evening"
    settings.GREETING_SHADOW = True
    assert decide(move, Caller("ana"))[:2] == ("morning", True)


@pytest.mark.django_db
def test_the_cohort_shadows_before_the_switch_is_turned(move, settings):
    settings.GREETING, settings.GREETING_SHADOW, settings.GREETING_CALLERS = "morning", True, ["ben"]
    assert decide(move, Caller("ben"))[:2] == ("morning", True)
    assert decide(move, Caller("ana"))[:2] == ("morning", False)


@pytest.mark.django_db
def test_nothing_is_asked_of_the_database_while_nothing_is_granted(move, django_assert_num_queries):
    with django_assert_num_queries(0):
        decide(move, Caller("ana"))


@pytest.mark.django_db
def test_many_decisions_cost_one_query(move, settings, django_assert_num_queries):
    settings.GREETING = "evening"
    with django_assert_num_queries(1):
        for number in range(20):
            decide(move, Caller(str(number)))


def test_an_endpoint_has_no_ids():
    for path, endpoint in (
        ("/a/messages/7c9e6679-7425-40de-944b-e07fc1f90ae7/", "GET /a/messages/{id}/"),
        ("/a/messages/7c9e6679742540de944be07fc1f90ae7.json", "GET /a/messages/{id}.json"),
        ("/a/7/b/8", "GET /a/{id}/b/{id}"),
        ("/a/v1/b/", "GET /a/v1/b/"),
    ):
        assert Move().endpoint(RequestFactory().get(path)) == endpoint
