"""Taking WebSocket away and giving it back: what is stored, recorded and announced."""

import pytest
from django.contrib.auth.models import Group

from realtime.access import accounts, authority
from realtime.log.models import Event
from realtime.rollout.models import TransportChange
from switchover.transport import demotions, grants
from tests.support.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _granted(settings):
    settings.USE_WEBSOCKETS = True


def _transports(*users):
    return [grants.decision(user).transport for user in users]


def test_one_user_a_group_or_everybody():
    group = Group.objects.create(name="Surveyors")
    first, second, third = person(), person(), person()
    second.groups.add(group)
    assert _transports(first, second, third) == ["websocket"] * 3
    demotions.demote("user", str(first.pk), reason="asked for it", by="ana")
    assert _transports(first, second, third) == ["sse", "websocket", "websocket"]
    demotions.demote("group", "Surveyors", reason="old tablets", by="ana")
    assert _transports(first, second, third) == ["sse", "sse", "websocket"]
    demotions.demote("all", "", reason="the proxy", by="ana")
    assert _transports(first, second, third) == ["sse"] * 3
    demotions.restore("user", str(first.pk), reason="", by="ben")
    assert _transports(first, second, third) == ["sse"] * 3
    demotions.restore("all", "", reason="proxy mended", by="ben")
    assert _transports(first, second, third) == ["websocket"] * 3


def test_each_change_is_recorded_with_who_when_and_why_and_told_to_the_servers():
    demotions.demote("all", "", reason="the proxy", by="ana")
    demotions.restore("all", "", reason="mended", by="ben")
    recorded = TransportChange.objects.order_by("id").values_list("action", "scope", "reason", "by")
    assert list(recorded) == [("take", "all", "the proxy", "ana"), ("give_back", "all", "mended", "ben")]
    assert list(Event.objects.values_list("type", "audience")) == [("transport_changed", [])] * 2


def test_doing_it_again_changes_and_records_nothing():
    assert demotions.demote("all", "", reason="first", by="ana")
    assert not demotions.demote("all", "", reason="second", by="ben")
    assert grants.demotions().everybody == "first"
    assert demotions.restore("all", "", reason="", by="ana")
    assert not demotions.restore("all", "", reason="", by="ana")
    assert TransportChange.objects.count() == Event.objects.count() == 2


def test_the_kill_switch_costs_no_query_and_the_rollout_one_for_all(settings, django_assert_num_queries):
    people = accounts.read([person().pk for _ in range(5)])
    settings.USE_WEBSOCKETS = False
    with django_assert_num_queries(0):
        grants.decisions(people)
    settings.USE_WEBSOCKETS = True
    settings.WEBSOCKET_ROLLOUT_GROUPS = ["Finance Manager"]
    with django_assert_num_queries(1):
        grants.decisions(people)


def test_on_a_page_the_groups_of_its_reader_are_asked_for_only_where_the_rollout_names_some(
    settings, django_assert_num_queries
):
    user = person()
    with django_assert_num_queries(1):
        grants.decision(user)
    settings.WEBSOCKET_ROLLOUT_GROUPS = ["Finance Manager"]
    with django_assert_num_queries(2):
        grants.decision(user)


def test_a_viewer_carries_the_decision():
    user = person()
    assert authority.load([user.pk])[user.pk].assignments["transport"].transport == "websocket"
    demotions.demote("user", str(user.pk), reason="asked", by="ana")
    assert authority.load([user.pk])[user.pk].assignments["transport"] == ("sse", "taken away from this person: asked")


def test_a_group_that_is_renamed_does_not_get_back_what_was_taken_from_it():
    """Run time may only take away: a new name in the administration is no decision about WebSocket."""
    group = Group.objects.create(name="Surveyors")
    member = person()
    member.groups.add(group)
    demotions.demote("group", "Surveyors", reason="old tablets", by="ana")
    group.name = "Survey team"
    group.save()
    assert _transports(member) == ["sse"]
    assert demotions.restore("group", "Survey team", reason="new tablets", by="ana")
    assert _transports(member) == ["websocket"]


def test_the_names_of_two_groups_that_are_exchanged_leave_each_what_it_had():
    """One after the other, as the administration must: a name is free before another group takes it."""
    first, second = Group.objects.create(name="First"), Group.objects.create(name="Second")
    one, two = person(), person()
    one.groups.add(first)
    two.groups.add(second)
    demotions.demote("group", "First", reason="old tablets", by="ana")
    for group, name in ((first, "Between"), (second, "First"), (first, "Second")):
        group.name = name
        group.save()
    assert _transports(one, two) == ["sse", "websocket"]
